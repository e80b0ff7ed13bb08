use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use waypost_filter::{Query, select};
use waypost_link_format::{LinkBuf, LinkDocumentBuf, LinkWriter};
use waypost_rest::{ContentFormat, ETag, Method, Request, Response};

use crate::representation::accepts_link_format;
use crate::{Path, Refusal, ServerConfig};

/// The links that lead to the directory ([RFC 9176 §4.3](https://www.rfc-editor.org/rfc/rfc9176#section-4.3)).
///
/// The registration interface comes first and path-absolute, because a registrant in wide use takes the first link of the
/// answer for it.
#[derive(Debug)]
pub(crate) struct Discovery {
    document: LinkDocumentBuf,
}

impl Discovery {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        let mut text = String::new();
        // A string takes whatever is written.
        let _ = write_links(config, &mut text);
        Self { document: LinkDocumentBuf::parse(text).unwrap_or_default() }
    }

    /// Answers a GET; `None` says that the right answer is silence.
    pub(crate) fn serve(&self, request: &Request) -> Result<Option<Response>, Refusal> {
        if request.method != Method::Get {
            return Err(Refusal::MethodNotAllowed);
        }
        accepts_link_format(request)?;
        let query = Query::from_options(&request.query)?;
        let mut text = String::new();
        for link in select(self.document.as_document(), &query) {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(link.raw());
        }
        if text.is_empty() && request.is_multicast {
            return Ok(None);
        }
        let etag = ETag::of(text.as_bytes());
        let mut response = Response::content(ContentFormat::LINK_FORMAT, text);
        response.etag = Some(etag);
        Ok(Some(response.or_valid(request)))
    }
}

fn write_links(config: &ServerConfig, text: &mut String) -> fmt::Result {
    let (paths, deltas) = (&config.paths, config.link_delta_format);
    let mut out = LinkWriter::new(text);
    match &config.registration_elsewhere {
        Some(links) => links.links().try_for_each(|link| out.copy(link).map(drop))?,
        None => interface(&mut out, &paths.registration, "core.rd", deltas).map(drop)?,
    }
    interface(&mut out, &paths.resources, "core.rd-lookup-res", deltas)?.flag("obs")?;
    interface(&mut out, &paths.endpoints, "core.rd-lookup-ep", deltas)?.flag("obs")?;
    let implementation = config.implementation.iter().map(LinkBuf::as_link);
    for link in config.links.as_document().links().chain(implementation) {
        out.copy(link)?;
    }
    out.finish()
}

/// Writes the link to an interface, which speaks link-format and perhaps another format.
fn interface<'o, 'w, W: fmt::Write>(
    out: &'o mut LinkWriter<'w, W>,
    path: &Path,
    resource_type: &str,
    other: Option<ContentFormat>,
) -> Result<&'o mut LinkWriter<'w, W>, fmt::Error> {
    let link_format = ContentFormat::LINK_FORMAT.0.to_string();
    let formats = other.map_or_else(|| link_format.clone(), |other| format!("{link_format} {}", other.0));
    out.link(path.as_str())?.attribute("rt", resource_type)?.attribute("ct", &formats)
}
