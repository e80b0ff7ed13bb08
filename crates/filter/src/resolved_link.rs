use waypost_link_format::{Link, resolve};

use crate::Record;

/// A link seen from its base: `href` and `anchor` are matched as the URIs that they resolve to ([RFC 9176 §6.2]).
///
/// Other attributes, `provenance` among them, are matched as written. A reference that cannot be resolved is, too.
///
/// ```
/// use waypost_filter::{Query, ResolvedLink};
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse(r#"</t>;anchor="/sensors/temp";rel="alternate""#)?;
/// let link = document.links().next().unwrap();
/// let resolved = ResolvedLink { link, base: "coap://[2001:db8::1]" };
/// assert!(Query::parse("href=coap://[2001:db8::1]/t")?.matches(&resolved));
/// assert!(Query::parse("anchor=coap://[2001:db8::1]/sensors/*")?.matches(&resolved));
/// assert!(!Query::parse("href=/t")?.matches(&resolved));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
#[derive(Debug, Clone, Copy)]
pub struct ResolvedLink<'a> {
    /// The link as written.
    pub link: Link<'a>,
    /// The base URI that its references are resolved against.
    pub base: &'a str,
}

impl Record for ResolvedLink<'_> {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        if !matches!(name, "href" | "anchor") {
            return self.link.any_value(name, visit);
        }
        self.link.any_value(name, &mut |reference| match reference {
            Some(reference) => match resolve(self.base, reference) {
                Ok(uri) => visit(Some(&uri)),
                Err(_) => visit(Some(reference)),
            },
            None => visit(None),
        })
    }
}
