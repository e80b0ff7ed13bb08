//! An indexed, versioned, in-memory CoRE Resource Directory ([RFC 9176]).
//!
//! ```
//! use waypost_directory::{Config, Directory};
//! use waypost_filter::Query;
//! use waypost_link_format::LinkDocumentBuf;
//! use waypost_model::{Base, EndpointName, Registration, ReplicaId};
//! use waypost_time::Instant;
//!
//! let mut directory = Directory::new(Config::new(*b"keep this secret", ReplicaId(1)));
//! let links = LinkDocumentBuf::parse("</sensors/temp>;rt=temperature-c;if=sensor")?;
//! let base = Base::given("coap://[2001:db8:3::123]")?;
//! directory.register(Instant::ZERO, Registration::new(EndpointName::new("node1")?, base, links))?;
//!
//! let query = Query::parse("rt=temperature-c")?;
//! for found in directory.resources(Instant::ZERO, &query) {
//!     println!("{} of {}", found.target(), found.endpoint().name());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does
//!
//! * **Changes**: [`register`](Directory::register), [`update`](Directory::update), [`renew`](Directory::renew) and
//!   [`remove`](Directory::remove) are the operations of [RFC 9176 §5]; [`mirror`](Directory::mirror) takes in what was
//!   read from another directory, and [`apply`](Directory::apply) what another replica wrote. Whatever the way in, the
//!   state, the index, the dates of expiry, the feed and the watches follow in one place.
//! * **Look-ups**: [`resources`](Directory::resources) and [`endpoints`](Directory::endpoints) are lazy iterators over
//!   borrowed results, in one [order](Directory#order-of-results). They take `&self`, and a directory is `Send` and
//!   `Sync`, so any number of threads can look up while nobody changes it.
//! * **Pages**: whoever goes through a large result page by page keeps [`Pages`] of it, so that no page costs more than the
//!   first one, whatever changes meanwhile.
//! * **Watches**: [`watch`](Directory::watch) a query, and [`poll_watch`](Directory::poll_watch) tells when its result
//!   really changed, and of a [watch of links](Directory::watch_links) also which links did.
//! * **Expiry**: what is past its lifetime is never shown. [`expire`](Directory::expire) collects it, a bounded number at
//!   a time; until it is forgotten, its endpoint can refresh it.
//! * **Feed**: [`feed`](Directory::feed) has what changed after a [`version`](Directory::version), each registration once; and
//!   which links it had [before](RecordRef::former_links), while they are remembered.
//!
//! There is no I/O and no clock in it, every size that a peer can drive has a [limit](Limits), and a
//! [refusal](Refused) leaves everything as it was.
//!
//! # Why it is built so
//!
//! *Why are look-ups fast?* The index has each attribute's values sorted, so a prefix is a range, and for each value who
//! has it as a compressed set. A look-up takes the criterion with the fewest candidates, walks through those, and asks
//! the sets of the other criteria about each. When much of that turns out to be in vain, it intersects the sets instead; and
//! where almost everything has a result, it walks along everything and asks. What a look-up costs depends on its result, not
//! on the size of the directory. A name or a base that one registration has is found by its hash, with few looks at memory.
//!
//! *Why is a page far out as quick as the first?* The sets tell how many results there are in each few hundred slots without
//! a look at the registrations there. Whoever keeps these [counts](Pages) only has to count anew where something changed.
//!
//! *Why does the index cost less than what it indexes?* Neighbours in the order of their texts share most of their bytes, so a
//! value is kept as what it has that the one before it has not. Who has it is a number, a few of them, or a bitmap, whichever
//! is smallest.
//!
//! *Why do links have numbers?* Two criteria on links must be met by the same link, so the sets are of links, not of
//! registrations. A document that one registration has gets the numbers that belong to its slot: ascending numbers are
//! ascending slots, and a result in order needs no sorting. A document that a fleet shares gets numbers of its own, once,
//! with the set of its users beside it.
//!
//! *Why does a removal not go through the index?* The links of one registration are in dozens of sets that are in no cache. So
//! they are left there, and passed over, until a sweep that goes through one set after the other takes out what is left over of many
//! registrations at once: a little at each removal, and so far that what is left over stays a fraction of the whole.
//!
//! *Why are documents interned?* Devices of one model register the same links. The directory stores and indexes each
//! distinct document once; a registration then costs its names, base, attributes and a few words.
//!
//! *Why are targets not all in the index?* Most are paths, and what they resolve to depends on the base. Only URIs are
//! indexed; for the others, the base that a query asks for finds the registrations, and their few links are looked at.
//!
//! *Why does the filter crate appear in look-ups at all?* Where the index only narrows down, the results are checked with
//! the same [`Criterion`](waypost_filter::Criterion) that filters without a directory, so that there is one semantics.
//!
//! *Why do a hundred thousand watches cost a change so little?* A change is taken apart once, into the conditions that the
//! registration meets before and after it, by itself and with each of its links. Each watched query waits for one condition
//! and is looked at when that one is met. If another of its conditions is not, it goes over to that one: so queries come to
//! wait for what is rare among the changes, which no order of criteria and no count of what is registered would tell. What a
//! watch shows of the registration is then read off the parts; only what many show alike is written, and that once.
//!
//! *Why is there no journal?* The registrations and removals, ordered by the write that made them what they are, are the
//! journal: a newer write moves its slot in that order. Memory stays with what lives. A removal stays for as long as a copy
//! of what it removed could live anywhere; after that there is nothing left that could come back.
//!
//! [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
//! [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
#![no_std]

extern crate alloc;

mod applied;
mod apply;
mod checks;
mod compare;
mod config;
mod context;
mod deadlines;
mod directory;
mod documents;
mod endpoint;
mod entry;
mod expire;
mod histories;
mod index;
mod limits;
mod lookup;
mod record_ref;
mod refused;
mod registry;
mod renewals;
mod resource;
mod retire;
mod settle;
mod shadow;
mod show;
mod slots;
mod updates;
mod watches;
mod write;

pub use applied::Applied;
pub use config::Config;
pub use directory::Directory;
pub use endpoint::Endpoint;
pub use histories::change_ref::{ChangeRef, RemovalRef};
pub use histories::digest::Digest;
pub use histories::feed::{Feed, FeedGap};
pub use limits::Limits;
pub use lookup::endpoints::Endpoints;
pub use lookup::pages::Pages;
pub use lookup::resources::Resources;
pub use record_ref::{AttributeValuesRef, RecordRef};
pub use refused::Refused;
pub use renewals::{RenewalBatch, RenewalsCut, Renewed};
pub use resource::Resource;
pub use show::{Show, ShowLifetime};
pub use watches::link_change::LinkChange;
pub use watches::watch::{WatchChange, WatchEvent, WatchId, Watcher};
pub use waypost_filter::Scope;
pub use write::Registered;
