use alloc::borrow::Cow;
use core::fmt;

use waypost_filter::{Record, ResolvedLink, Test};
use waypost_link_format::{Link, LinkWriter, resolve};

use crate::{Endpoint, Show, documents::Document};

/// One link of a registration, as a look-up shows it.
///
/// As a [`Record`] it is what a resource look-up filters: `href` and `anchor` are resolved, `provenance` is the location of
/// the registration.
///
/// ```
/// use waypost_directory::{Config, Directory, Show};
/// use waypost_filter::Query;
/// use waypost_link_format::{LinkDocumentBuf, LinkWriter};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let links = LinkDocumentBuf::parse("</t>;rt=temperature-c;ct=40").unwrap();
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// directory.register(Instant::ZERO, Registration::new(EndpointName::new("node1").unwrap(), base, links)).unwrap();
///
/// let query = Query::parse("ep=node1&ct=40").unwrap();
/// let mut text = String::new();
/// let mut writer = LinkWriter::new(&mut text);
/// for resource in directory.resources(Instant::ZERO, &query) {
///     resource.write(&mut writer, Show::default()).unwrap();
/// }
/// writer.finish().unwrap();
/// assert_eq!(text, r#"<coap://[2001:db8::1]/t>;rt="temperature-c";ct="40""#);
/// ```
#[derive(Clone, Copy)]
pub struct Resource<'d> {
    endpoint: Endpoint<'d>,
    document: &'d Document,
    position: u32,
}

impl<'d> Resource<'d> {
    pub(crate) fn new(endpoint: Endpoint<'d>, document: &'d Document, position: u32) -> Self {
        Self { endpoint, document, position }
    }

    /// Returns the registration that the link is from.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint<'d> {
        self.endpoint
    }

    /// Returns the link as it was registered.
    #[must_use]
    pub fn link(&self) -> Link<'d> {
        match self.document.link(self.position) {
            Some(link) => link,
            None => unreachable!("the document has {} links", self.document.len()),
        }
    }

    /// Returns the target, resolved against the base.
    #[must_use]
    pub fn target(&self) -> Cow<'d, str> {
        let target = self.link().target();
        resolve(self.endpoint.base(), target).unwrap_or(Cow::Borrowed(target))
    }

    /// Returns the anchor, resolved against the base; nothing if the link was registered without.
    #[must_use]
    pub fn anchor(&self) -> Option<Cow<'d, str>> {
        Some(self.resolve_owned(self.link().anchor()?))
    }

    /// Writes the link as a resource look-up shows it ([RFC 9176 §6.1]), with what `show` allows.
    ///
    /// A link that was registered without an anchor stays without. A `provenance` that was registered is not shown: what
    /// the look-up shows comes from the registration here.
    ///
    /// # Errors
    ///
    /// When the output fails.
    ///
    /// [RFC 9176 §6.1]: https://www.rfc-editor.org/rfc/rfc9176#section-6.1
    pub fn write<W: fmt::Write + ?Sized>(&self, out: &mut LinkWriter<'_, W>, show: Show) -> fmt::Result {
        let origin = self.plain_origin();
        if let Some(origin) = origin
            && let Some(written) = self.document.written(self.position)
        {
            out.written(origin, written)?;
            return self.write_provenance(out, show);
        }
        let link = self.link();
        match origin {
            Some(origin) => out.link_at(origin, link.target())?,
            None => out.link(&self.target())?,
        };
        for parameter in link.parameters() {
            if parameter.has_name("anchor") {
                let anchor = self.resolve_owned(parameter.value().unwrap_or_default());
                out.attribute("anchor", &anchor)?;
            } else if !parameter.has_name("provenance") {
                out.parameter(parameter)?;
            }
        }
        self.write_provenance(out, show)
    }

    /// Tells whether the target meets a test.
    pub(crate) fn has_target(&self, test: &Test) -> bool {
        let (Test::Exact(wanted) | Test::Prefix(wanted)) = test else { return true };
        let Some(origin) = self.plain_origin() else { return test.accepts(&self.target()) };
        let is_prefix = matches!(test, Test::Prefix(_));
        match wanted.strip_prefix(origin) {
            Some(path) => self.document.has_target(self.position, path, is_prefix),
            None => is_prefix && origin.starts_with(&**wanted),
        }
    }

    /// Returns what only has to be put before the target, if that is all.
    fn plain_origin(&self) -> Option<&'d str> {
        self.endpoint.base_origin().filter(|_| self.document.is_plain(self.position))
    }

    fn write_provenance<W: fmt::Write + ?Sized>(&self, out: &mut LinkWriter<'_, W>, show: Show) -> fmt::Result {
        if show.provenance {
            out.attribute("provenance", self.endpoint.location().as_str())?;
        }
        Ok(())
    }

    fn resolve_owned(&self, reference: Cow<'d, str>) -> Cow<'d, str> {
        let base = self.endpoint.base();
        match reference {
            Cow::Borrowed(reference) => resolve(base, reference).unwrap_or(Cow::Borrowed(reference)),
            Cow::Owned(reference) => match resolve(base, &reference) {
                Ok(uri) => Cow::Owned(uri.into_owned()),
                Err(_) => Cow::Owned(reference),
            },
        }
    }
}

impl Record for Resource<'_> {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        match name {
            "provenance" => self.endpoint.any_location(visit),
            _ => ResolvedLink { link: self.link(), base: self.endpoint.base() }.any_value(name, visit),
        }
    }
}

impl fmt::Debug for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource").field("target", &self.target()).field("link", &self.link()).finish_non_exhaustive()
    }
}
