use alloc::string::String;
use core::fmt::{self, Write as _};

use waypost_filter::{Record, Test};
use waypost_link_format::{LinkDocument, LinkWriter};
use waypost_model::{Age, BaseSource, Credentials, Dot, Lifetime, Location, Origin};
use waypost_time::Instant;

use crate::{
    Resource, Show, ShowLifetime,
    context::Context,
    documents::{Document, Documents},
    entry::Entry,
};

/// One registration, seen at an instant.
///
/// As a [`Record`] it is what an endpoint look-up filters: `href` is its location, in path-absolute and in URI form.
///
/// ```
/// use waypost_directory::{Config, Directory, Show};
/// use waypost_link_format::LinkWriter;
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// let location = directory.register(Instant::ZERO, registration).unwrap().location;
///
/// let endpoint = directory.registration(Instant::ZERO, &location).unwrap();
/// let mut text = String::new();
/// let mut writer = LinkWriter::new(&mut text);
/// endpoint.write(&mut writer, Show::default()).unwrap();
/// writer.finish().unwrap();
/// assert_eq!(text, format!(r#"<{}>;ep="node1";base="coap://[2001:db8::1]";rt="core.rd-ep""#, location.as_str()));
/// ```
#[derive(Clone, Copy)]
pub struct Endpoint<'d> {
    context: &'d Context,
    documents: &'d Documents,
    entry: &'d Entry,
    now: Instant,
}

impl<'d> Endpoint<'d> {
    pub(crate) fn new(context: &'d Context, documents: &'d Documents, entry: &'d Entry, now: Instant) -> Self {
        Self { context, documents, entry, now }
    }

    /// Returns where the registration resource is: a path if it was made here, else a URI.
    #[must_use]
    pub fn location(&self) -> Location {
        match self.entry.foreign_location() {
            Some(location) => location.clone(),
            None => self.context.location(self.entry.token()),
        }
    }

    /// Returns where the registration was made.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.entry.authority().map_or(Origin::Local, |authority| Origin::Foreign(authority.clone()))
    }

    /// Returns the sector, if there is one.
    #[must_use]
    pub fn sector(&self) -> Option<&'d str> {
        self.entry.sector()
    }

    /// Returns the endpoint name.
    #[must_use]
    pub fn name(&self) -> &'d str {
        self.entry.endpoint()
    }

    /// Returns the base URI that relative references are resolved against.
    #[must_use]
    pub fn base(&self) -> &'d str {
        self.entry.base()
    }

    /// Returns whether the registrant gave the base or it is the source address.
    #[must_use]
    pub fn base_source(&self) -> BaseSource {
        self.entry.base_source()
    }

    /// Returns whether the base is an address that means something in one zone alone. Such a registration must only be
    /// shown to who asks from that zone ([RFC 9176 §6.1]).
    ///
    /// [RFC 9176 §6.1]: https://www.rfc-editor.org/rfc/rfc9176#section-6.1
    #[must_use]
    pub fn is_link_local(&self) -> bool {
        self.entry.is_link_local()
    }

    /// Returns the lifetime.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.entry.lifetime()
    }

    /// Returns how long ago the registration was made, updated or renewed last; at most its lifetime.
    #[must_use]
    pub fn age(&self) -> Age {
        Age::from_duration(self.now.saturating_since(self.entry.seen)).clamped(self.entry.lifetime())
    }

    /// Returns when the registration expires unless it is renewed.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.entry.deadline()
    }

    /// Returns whether the registration has expired and is only kept for its endpoint to come back.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.entry.is_expired(self.now)
    }

    /// Returns whether another registration is shown in its place, see [`Directory::shadow`](crate::Directory::shadow).
    #[must_use]
    pub fn is_shadowed(&self) -> bool {
        self.entry.is_shadowed()
    }

    /// Returns the number of the zone that the registration was made in, where that was said. The number means something on the
    /// host of the replica that took it, so that there is none for what other replicas took.
    #[must_use]
    pub fn zone(&self) -> Option<u32> {
        self.entry.zone().filter(|_| self.entry.base_writer() == self.context.config.replica)
    }

    /// Returns name and value of each endpoint attribute besides `ep`, `d`, `base` and `rt`.
    pub fn attributes(&self) -> impl Iterator<Item = (&'d str, Option<&'d str>)> + Clone + use<'d> {
        self.entry.attributes()
    }

    /// Returns what the registrant proved.
    #[must_use]
    pub fn credentials(&self) -> &'d Credentials {
        self.entry.credentials().unwrap_or(&self.context.no_credentials)
    }

    /// Returns the links as they were registered.
    #[must_use]
    pub fn document(&self) -> LinkDocument<'d> {
        self.stored_document().as_document()
    }

    /// Returns a hash of the links as they were registered, by which they can be told from others without being read: SipHash-2-4 of
    /// their text under a key of zeros, the same in every directory.
    ///
    /// It is made once when the links come; everybody who has the same links shares it.
    #[must_use]
    pub fn document_hash(&self) -> u64 {
        self.stored_document().digest()
    }

    /// Returns the write that made it what it is.
    #[must_use]
    pub fn dot(&self) -> Dot {
        self.entry.stamp().dot
    }

    /// Returns the links as a look-up shows them.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'d>> + Clone + use<'d> {
        let (endpoint, document) = (*self, self.stored_document());
        (0..document.len()).map(move |position| Resource::new(endpoint, document, position))
    }

    /// Writes the registration as an endpoint look-up shows it ([RFC 9176 §6.4]), with what `show` allows.
    ///
    /// # Errors
    ///
    /// When the output fails.
    ///
    /// [RFC 9176 §6.4]: https://www.rfc-editor.org/rfc/rfc9176#section-6.4
    pub fn write<W: fmt::Write + ?Sized>(&self, out: &mut LinkWriter<'_, W>, show: Show) -> fmt::Result {
        match self.entry.foreign_location() {
            Some(location) => out.link(location.as_str())?,
            None => {
                let mut path = String::new();
                self.context.write_location(self.entry.token(), &mut path);
                out.link(&path)?
            }
        };
        out.attribute("ep", self.name())?;
        if let Some(sector) = self.sector() {
            out.attribute("d", sector)?;
        }
        out.attribute("base", self.base())?;
        for (name, value) in self.attributes() {
            match value {
                Some(value) => out.attribute(name, value)?,
                None => out.flag(name)?,
            };
        }
        let (name, seconds) = match show.lifetime {
            ShowLifetime::No => ("", 0),
            ShowLifetime::Age => ("lt-age", u64::from(self.age().as_secs())),
            ShowLifetime::Remaining => ("lt-remaining", self.age().remaining(self.lifetime()).as_secs()),
        };
        if show.lifetime != ShowLifetime::No {
            let mut number = String::new();
            write!(number, "{}", self.lifetime().as_secs())?;
            out.attribute("lt", &number)?;
            number.clear();
            write!(number, "{seconds}")?;
            out.attribute(name, &number)?;
        }
        out.attribute("rt", "core.rd-ep")?;
        Ok(())
    }

    /// Hands each form of the location to `visit`: a local one as path, and as URI with each authority.
    pub(crate) fn any_location(&self, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        if let Some(location) = self.entry.foreign_location() {
            return visit(Some(location.as_str()));
        }
        let mut path = String::new();
        self.context.write_location(self.entry.token(), &mut path);
        visit(Some(&path))
            || self.context.config.authorities.iter().any(|authority| {
                let mut uri = String::from(authority.as_str());
                uri.push_str(&path);
                visit(Some(&uri))
            })
    }

    /// Tells whether a form of the location meets a test.
    pub(crate) fn is_at(&self, test: &Test) -> bool {
        match (test, self.entry.foreign_location()) {
            (Test::Exact(location), None) => {
                let path = self.context.path_of(location);
                path.and_then(|path| self.context.token_of(path)) == Some(self.entry.token())
            }
            _ => self.any_location(&mut |location| test.accepts(location.unwrap_or_default())),
        }
    }

    /// Returns scheme and authority of the base.
    pub(crate) fn base_origin(&self) -> Option<&'d str> {
        self.entry.base_origin()
    }

    /// Returns the link at a position of the document.
    pub(crate) fn resource(&self, position: u32) -> Resource<'d> {
        Resource::new(*self, self.stored_document(), position)
    }

    pub(crate) fn stored_document(&self) -> &'d Document {
        &self.documents[self.entry.document]
    }
}

impl Record for Endpoint<'_> {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        match name {
            "ep" => visit(Some(self.name())),
            "d" => self.sector().is_some_and(|sector| visit(Some(sector))),
            "base" => visit(Some(self.base())),
            "rt" => visit(Some("core.rd-ep")),
            "href" => self.any_location(visit),
            _ => self.attributes().any(|(own, value)| own.eq_ignore_ascii_case(name) && visit(value)),
        }
    }
}

impl fmt::Debug for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("location", &self.location())
            .field("sector", &self.sector())
            .field("name", &self.name())
            .field("base", &self.base())
            .finish_non_exhaustive()
    }
}
