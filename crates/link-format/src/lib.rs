//! CoRE Link Format ([RFC 6690]) and the Limited Link Format of [RFC 9176 Appendix C]: parse, read, write, resolve.
//!
//! [RFC 6690]: https://www.rfc-editor.org/rfc/rfc6690
//! [RFC 9176 Appendix C]: https://www.rfc-editor.org/rfc/rfc9176#appendix-C
//!
//! ```
//! use waypost_link_format::LinkDocument;
//!
//! let document = LinkDocument::parse(r#"</sensors/temp>;rt="temperature-c";obs,</sensors/light>;ct=60"#)?;
//! for link in document.links().filter(|link| link.obs()) {
//!     assert_eq!(link.target(), "/sensors/temp");
//! }
//! # Ok::<(), waypost_link_format::ParseError>(())
//! ```
//!
//! * [`LinkDocument`] is a parsed document. It borrows the text; nothing is copied but a value with a backslash in it.
//! * [`Link`] and [`Parameter`] are views into it. What they return cannot fail, because a document that exists is valid.
//! * [`LinkWriter`] writes links as deployed clients can read them; [`LinkBuf`] and [`LinkDocumentBuf`] are owned.
//! * [`resolve`] makes a URI of a reference and a base; [`Base`] is a base that is used again; [`origin`] is where a URI is from.
//! * A [`ParseError`] has the offset and the rule; so has a [`Deviation`], which lenient parsing passes over.
//!
//! # The grammar
//!
//! Every parameter is taken by the rule for extensions: a name, and perhaps a token or a quoted string. So `ct="40 50"` is as
//! good as `ct=40`, and rules about single parameters (that `sz` is a number, that `rt` is there once) do not make a document
//! invalid; the reads of [`Link`] apply them. There are four readings of what the texts leave open:
//!
//! * References may contain the letters of other scripts, as in [RFC 3987], because there is no percent-encoding of them in
//!   link-format ([RFC 9176 B.4]).
//! * After a backslash any character may stand, also one that is not ASCII.
//! * A quoted string may be folded: it may contain tabs, and a line break that a space or a tab follows, as [RFC 2616 §2.2]
//!   has it. Other control characters need a backslash.
//! * Of the language tag in an extended value only the shape is checked.
//!
//! [RFC 2616 §2.2]: https://www.rfc-editor.org/rfc/rfc2616#section-2.2
//! [RFC 3987]: https://www.rfc-editor.org/rfc/rfc3987
//! [RFC 9176 B.4]: https://www.rfc-editor.org/rfc/rfc9176#appendix-B.4
//!
//! # Features
//!
//! * `std` (default): faster search for single bytes where the processor allows.
//! * `serde`: [`LinkDocumentBuf`] as a string.
#![no_std]

extern crate alloc;

mod bounded_text;
mod byte_class;
mod deviation;
mod document;
mod document_buf;
mod error;
mod ext_value;
mod link;
mod link_buf;
mod parameter;
mod quoted;
mod reference;
mod resolve;
mod scanner;
mod search;
mod words;
mod writer;

pub use bounded_text::BoundedText;
pub use deviation::{Deviation, DeviationKind};
pub use document::LinkDocument;
pub use document_buf::LinkDocumentBuf;
pub use error::{ParseError, ParseErrorKind};
pub use ext_value::ExtValue;
pub use link::{Link, Links};
pub use link_buf::{InvalidLink, LinkBuf};
pub use parameter::{Form, Parameter, Parameters};
pub use resolve::{Base, InvalidReference, origin, resolve};
pub use words::{ContentFormats, Values, Words};
pub use writer::LinkWriter;
