use alloc::borrow::Cow;

use waypost_link_format::resolve;

/// What a reference is resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    /// Itself, whatever the base.
    AsWritten,
    /// A URI of the scheme and authority of the base.
    OriginOfBase,
    /// A URI of the scheme of the base.
    OtherAuthority,
}

/// Tells what a reference is resolved to.
pub(crate) fn kind_of(reference: &str) -> Reference {
    if reference.starts_with("//") {
        return Reference::OtherAuthority;
    }
    if reference.starts_with('/') {
        return Reference::OriginOfBase;
    }
    // Neither a URI nor what cannot be resolved depends on the base.
    match resolve("coap://base", reference) {
        Ok(Cow::Borrowed(_)) | Err(_) => Reference::AsWritten,
        Ok(Cow::Owned(_)) => Reference::OriginOfBase,
    }
}

/// Hands over what a criterion on an attribute is compared with: each word of a relation-type, else the whole value
/// ([RFC 6690 §4.1]).
///
/// [RFC 6690 §4.1]: https://www.rfc-editor.org/rfc/rfc6690#section-4.1
pub(crate) fn each_word<'v>(name: &str, value: &'v str, mut visit: impl FnMut(&'v str)) {
    if !matches!(name, "rt" | "if" | "rel" | "rev") {
        return visit(value);
    }
    let mut words = value.split(' ').filter(|word| !word.is_empty()).peekable();
    if words.peek().is_none() {
        return visit("");
    }
    words.for_each(visit);
}

/// Returns an attribute name as the index has it.
pub(crate) fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|octet| octet.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}
