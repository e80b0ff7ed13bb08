//! What changed between two sets of web links: one type, and one encoding in CBOR.
//!
//! A [`LinkDelta`] says which links are there now, of those that are not as they were. It has three uses:
//!
//! * A registrant changes the links of its registration by PATCH and iPATCH ([RFC 8132]). [RFC 9176 §5.3.3] leaves it to others to
//!   say how that is done; this says it.
//! * An observer of a look-up that accepts it is told what is different since it was told last.
//! * A replica, or a mirror, is told in the feed what became of the links that it has of a registration.
//!
//! ```
//! use waypost_link_delta::{Limits, LinkDelta};
//! use waypost_link_format::LinkDocument;
//!
//! let before = LinkDocument::parse(r#"</temp>;rt="temperature-c",</light>"#)?;
//! let after = LinkDocument::parse(r#"</temp>;rt="temperature-c";obs,</light>"#)?;
//! let payload = LinkDelta::between(before, after).encode();
//! let delta = LinkDelta::decode(&payload, &Limits::default())?;
//! assert_eq!(delta.apply(before).as_document(), after);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The meaning
//!
//! The links of a set are told apart by their [`Identity`]: context, relation and target as written. Several links may share
//! one. A delta names identities, and says for each which links have it now: none, if it is removed, or the links that are put,
//! in their order. An identity that is not named keeps its links.
//!
//! | | |
//! |---|---|
//! | `apply(a, between(a, b))` | is `b`: for each identity the same links in the same order |
//! | `apply(apply(a, d), d)` | is `apply(a, d)`, so a delta may arrive twice |
//! | `apply(apply(a, d), e)` | is `apply(a, d.then(e))`, in the same sense |
//! | `between(a, b)` | names no identity whose links are the same in both |
//!
//! The order of links with different identities says nothing in link-format, and a delta does not carry it.
//!
//! # The encoding
//!
//! ```text
//! link-delta = [from, to, removed, put]
//! from       = any / nothing / tag   ; what the delta is to be applied to
//! to         = unnamed / tag         ; what that makes of it
//! any        = null                  ; whatever is there
//! nothing    = h''                   ; no links: what is there is given up
//! unnamed    = null
//! tag        = bytes .size (1..8)    ; the ETag of a representation of the links (RFC 7252 §5.10.6)
//! removed    = links                 ; with the parameters anchor, rel and rev alone, no identity twice
//! put        = links                 ; of no identity that is removed
//! links      = text                  ; a document in CoRE Link Format (RFC 6690), which may be empty
//! ```
//!
//! That is CDDL ([RFC 8610]). The encoding is deterministic ([RFC 8949 §4.2.1]): lengths are definite and as short as they can be. A
//! delta that leads from nothing removes nothing. Everything else is [refused](DecodeError), with the offset.
//!
//! The links are text because who reads deltas reads link-format anyway, and a link that is put is written as it was registered.
//!
//! There is no media type for it yet, so it goes by a number of those that are [for experiments](CONTENT_FORMAT).
//!
//! [RFC 8132]: https://www.rfc-editor.org/rfc/rfc8132
//! [RFC 8610]: https://www.rfc-editor.org/rfc/rfc8610
//! [RFC 8949 §4.2.1]: https://www.rfc-editor.org/rfc/rfc8949#section-4.2.1
//! [RFC 9176 §5.3.3]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.3
//!
//! # Features
//!
//! `std` (default) adds nothing but `std` in the dependencies.
#![no_std]

extern crate alloc;

mod apply;
mod basis;
mod between;
mod cbor;
mod decode;
mod delta;
mod encode;
mod error;
mod identity;
mod joined;
mod limits;
mod tag;

pub use basis::Basis;
pub use delta::LinkDelta;
pub use error::{DecodeError, DecodeErrorKind};
pub use identity::Identity;
pub use limits::Limits;
pub use tag::{InvalidTag, Tag};

/// The number of the content format that stands for a link delta where nothing else was agreed upon: 65040, which is one of
/// those for experiments ([RFC 7252 §12.3](https://www.rfc-editor.org/rfc/rfc7252#section-12.3)).
///
/// ```
/// assert!((65_000..=65_535).contains(&waypost_link_delta::CONTENT_FORMAT));
/// ```
pub const CONTENT_FORMAT: u16 = 65_040;
