use alloc::string::String;

use waypost_link_format::{Link, LinkDocumentBuf};

/// A document that is put together from links of documents without deviations.
#[derive(Debug, Default)]
pub(crate) struct Joined(String);

impl Joined {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub(crate) fn push(&mut self, link: Link<'_>) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(link.raw());
    }

    pub(crate) fn finish(self) -> LinkDocumentBuf {
        LinkDocumentBuf::parse(self.0).expect("valid links with commas between them are a document")
    }
}
