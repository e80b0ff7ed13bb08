use alloc::borrow::Cow;
use core::fmt;

use waypost_link_format::{Base, BoundedText, LinkDocument, LinkDocumentBuf, LinkWriter};

use crate::Fault;

/// Reads a document and resolves its references against the URI that it came from (RFC 9176 §6.1, §6.4), within so many
/// bytes. Deviations from the grammar that lenient parsing passes over do not reach the result.
pub(crate) fn resolved(text: &str, uri: &str, longest: usize) -> Result<LinkDocumentBuf, Fault> {
    let document = LinkDocument::parse_lenient(text, |_| {})?;
    let base = Base::new(uri).ok();
    let mut bounded = BoundedText::with_capacity(longest, text.len());
    let mut writer = LinkWriter::new(&mut bounded);
    let mut write = || -> fmt::Result {
        for link in document {
            writer.link(&resolve(base, link.target()))?;
            for parameter in link.parameters() {
                let is_reference = parameter.has_name("anchor") || parameter.has_name("provenance");
                match parameter.value().filter(|_| is_reference) {
                    Some(reference) => writer.attribute(parameter.name(), &resolve(base, &reference))?,
                    None => writer.parameter(parameter)?,
                };
            }
        }
        Ok(())
    };
    // Writing valid links fails only where there is no room.
    write().and_then(|()| writer.finish()).map_err(|_| Fault::TooLarge)?;
    Ok(LinkDocumentBuf::parse(bounded.into_string())?)
}

fn resolve<'r>(base: Option<Base<'_>>, reference: &'r str) -> Cow<'r, str> {
    base.and_then(|base| base.resolve(reference).ok()).unwrap_or(Cow::Borrowed(reference))
}
