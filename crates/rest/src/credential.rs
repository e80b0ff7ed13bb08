use alloc::string::String;
use alloc::vec::Vec;

/// Something that the security layer of a transport proved about a peer ([RFC 9176 §7.5]).
///
/// A peer can have several at once, for instance each subject name of its certificate.
///
/// [RFC 9176 §7.5]: https://www.rfc-editor.org/rfc/rfc9176#section-7.5
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Credential {
    /// A subject name that an authority certified; the name means nothing without its authority.
    Subject {
        /// Who certified the name, in a form that is equal for equal authorities.
        authority: String,
        /// The name.
        name: String,
    },
    /// A public key whose private half the peer has.
    PublicKey(Vec<u8>),
    /// The security session itself: a DTLS session or an OSCORE context, for peers that show nothing else.
    Session(Vec<u8>),
}
