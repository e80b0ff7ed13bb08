use waypost_link_format::Link;

/// Anything that has attributes: a link as written, a link seen from its base, an endpoint.
///
/// Slices and arrays of pairs of name and value are records, too.
///
/// ```
/// use waypost_filter::{Query, Record};
///
/// struct Room {
///     number: &'static str,
/// }
///
/// impl Record for Room {
///     fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
///         match name {
///             "number" => visit(Some(self.number)),
///             "room" => visit(None),
///             _ => false,
///         }
///     }
/// }
///
/// let query = Query::parse("number=3*&room")?;
/// assert!(query.matches(&Room { number: "312" }));
/// # Ok::<(), waypost_filter::InvalidQuery>(())
/// ```
pub trait Record {
    /// Hands the values of an attribute to `visit`, one after the other, until it says true; tells whether it did.
    ///
    /// `name` is in lower case; `href` is the target. A value is whole, also if it is a list of words, and has its
    /// quotes and escapes undone. An attribute without a value is visited as `None`. An attribute that has several
    /// forms, such as the location of a registration, is visited in each of them.
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool;
}

impl<R: Record + ?Sized> Record for &R {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        (**self).any_value(name, visit)
    }
}

/// The link as it is written: target and anchor are not resolved, as `/.well-known/core` is filtered.
impl Record for Link<'_> {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        match name {
            "href" => visit(Some(self.target())),
            // Of several provenances only the last is considered (draft-amsuess-core-rd-replication).
            "provenance" => self
                .parameters()
                .filter(|parameter| parameter.has_name(name))
                .last()
                .is_some_and(|parameter| visit(parameter.value().as_deref())),
            _ => self.parameters().any(|parameter| parameter.has_name(name) && visit(parameter.value().as_deref())),
        }
    }
}

impl<N: AsRef<str>, V: AsRef<str>> Record for [(N, V)] {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        self.iter().any(|(own, value)| own.as_ref().eq_ignore_ascii_case(name) && visit(Some(value.as_ref())))
    }
}

impl<N: AsRef<str>, V: AsRef<str>, const LEN: usize> Record for [(N, V); LEN] {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        self.as_slice().any_value(name, visit)
    }
}
