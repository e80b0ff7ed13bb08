//! Queries over links and endpoints: what stands behind the `?` of a look-up.
//!
//! A [`Query`] is a list of criteria joined by AND, with an optional page ([RFC 6690 §4.1], [RFC 9176 §6.2]). It is read
//! from a query string or from the Uri-Query options of a CoAP request, and tells of anything that has attributes
//! whether it matches. No directory is needed: a server filters its own `/.well-known/core` with [`select`].
//!
//! ```
//! use waypost_filter::{Query, select};
//! use waypost_link_format::LinkDocument;
//!
//! let document = LinkDocument::parse(r#"</temp>;rt="temperature-c",</light>;rt="light-lux core.sen-light""#)?;
//! let query = Query::parse("rt=core.sen-*")?;
//! let targets: Vec<_> = select(document, &query).map(|link| link.target()).collect();
//! assert_eq!(targets, ["/light"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a criterion means
//!
//! | written | test | met by an attribute of that name |
//! |---|---|---|
//! | `x=value` | [`Test::Exact`] | whose value is the same, octet for octet |
//! | `x=val*` | [`Test::Prefix`] | whose value begins so |
//! | `x=*` or `x` | [`Test::Exists`] | whatever its value, also without one |
//! | `x=` | [`Test::Exact`] | whose value is empty, or that has none |
//!
//! - The values of `rt`, `if`, `rel` and `rev` are lists of words; a criterion is met by any one of the words and never by
//!   the list as a whole.
//! - Names are compared without regard to ASCII case, values bitwise. The quotes and escapes of a *link's* value are undone
//!   before comparing. Quotes in a *query's* value stand for themselves: RFC 6690 gives only percent-encoding to them.
//! - An attribute without a value counts as one with the empty value. Several deployed clients cannot read `x=""`, so that
//!   empty values are written as flags; which of the two a link was registered with must make no difference.
//! - Every occurrence of a repeated attribute counts, but of `provenance` the last one alone
//!   (draft-amsuess-core-rd-replication).
//! - An exact value cannot end in `*`, because percent-encoding it makes no difference (RFC 6690 §4.1).
//!
//! # Levels
//!
//! In a directory, links belong to endpoints. A criterion on a link is also met by the link's endpoint, and a criterion on
//! an endpoint by any of its links, each criterion on its own ([`Query::matches_resource`], [`Query::matches_endpoint`]).
//! [`Criterion::at`] says that one [`Level`] alone decides, which the query string cannot express.
//!
//! # Coverage
//!
//! [`covers`] tells whether the answer to one query can be computed from the answer to another, and [`remainder`] what is
//! left to test: this is how a proxy answers from what it holds.
//!
//! # Features
//!
//! `std` (default) adds nothing but `std` in the dependencies; `serde` makes the types of a query serialisable.
//!
//! [RFC 6690 §4.1]: https://www.rfc-editor.org/rfc/rfc6690#section-4.1
//! [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
#![no_std]

extern crate alloc;

mod cover;
mod criterion;
mod exclude;
mod invalid_query;
mod page;
mod query;
mod query_limits;
mod record;
mod resolved_link;
mod scope;
mod select;
mod syntax;

pub use cover::{Held, covers, remainder};
pub use criterion::{Criterion, Level, Test};
pub use exclude::excludes;
pub use invalid_query::{InvalidQuery, InvalidQueryKind};
pub use page::Page;
pub use query::Query;
pub use query_limits::QueryLimits;
pub use record::Record;
pub use resolved_link::ResolvedLink;
pub use scope::Scope;
pub use select::{Selected, select};
