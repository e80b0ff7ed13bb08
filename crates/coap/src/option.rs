//! The numbers of the options, and reading requests and responses out of them.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use bytes::Bytes;
use waypost_rest::{Code, ContentFormat, ETag, IfMatch, Method, Observe, Request, Response};

use crate::block::Block;
use crate::draft::Draft;
use crate::message::Message;
use crate::secret::{Secret, TransferKey};

pub(crate) const IF_MATCH: u16 = 1;
pub(crate) const URI_HOST: u16 = 3;
pub(crate) const ETAG: u16 = 4;
pub(crate) const OBSERVE: u16 = 6;
pub(crate) const URI_PORT: u16 = 7;
pub(crate) const LOCATION_PATH: u16 = 8;
pub(crate) const URI_PATH: u16 = 11;
pub(crate) const CONTENT_FORMAT: u16 = 12;
pub(crate) const MAX_AGE: u16 = 14;
pub(crate) const URI_QUERY: u16 = 15;
pub(crate) const ACCEPT: u16 = 17;
pub(crate) const LOCATION_QUERY: u16 = 20;
pub(crate) const BLOCK2: u16 = 23;
pub(crate) const BLOCK1: u16 = 27;
pub(crate) const SIZE2: u16 = 28;
pub(crate) const PROXY_URI: u16 = 35;
pub(crate) const PROXY_SCHEME: u16 = 39;
pub(crate) const SIZE1: u16 = 60;
pub(crate) const ECHO: u16 = 252;
pub(crate) const NO_RESPONSE: u16 = 258;
pub(crate) const REQUEST_TAG: u16 = 292;

/// 5.05: this endpoint is no forward-proxy.
pub(crate) const PROXYING_NOT_SUPPORTED: Code = Code::from_u8(5 << 5 | 5);

/// A request, and what its options say to the transport.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) request: Request,
    pub(crate) block1: Option<Block>,
    pub(crate) block2: Option<Block>,
    /// The size of the whole body, as the client announces it.
    pub(crate) size1: Option<u32>,
    /// Whether the client asks for the size of the whole response body.
    pub(crate) wants_size: bool,
    /// The classes of responses that the client does not want ([RFC 7967](https://www.rfc-editor.org/rfc/rfc7967)).
    pub(crate) unwanted: u8,
    pub(crate) transfer: TransferKey,
}

/// A request that the transport refuses itself.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) diagnostic: String,
}

impl Refusal {
    pub(crate) fn new(code: Code, diagnostic: impl Into<String>) -> Self {
        Self { code, diagnostic: diagnostic.into() }
    }

    fn bad_option(number: u16, reason: &str) -> Self {
        let diagnostic = match name_of(number) {
            Some(name) => format!("{name}: {reason}"),
            None => format!("option {number}: {reason}"),
        };
        Self::new(Code::BAD_OPTION, diagnostic)
    }
}

/// Reads a request.
///
/// Options of a length that is not theirs, and supernumerary ones, are treated as not recognised
/// ([RFC 7252 §5.4.3 and §5.4.5](https://www.rfc-editor.org/rfc/rfc7252#section-5.4.3)): ignored when elective, refused
/// with 4.02 when critical.
pub(crate) fn read_request(message: &Message<'_>, secret: &Secret) -> Result<Incoming, Refusal> {
    let method = method_of(message.code).ok_or_else(|| Refusal::new(Code::METHOD_NOT_ALLOWED, "method: not known"))?;
    let mut incoming = Incoming {
        request: Request::new(method, [] as [&str; 0]),
        block1: None,
        block2: None,
        size1: None,
        wants_size: false,
        unwanted: 0,
        transfer: TransferKey::default(),
    };
    let mut transfer = secret.transfer_hasher();
    transfer.write(0, &[message.code]);
    let mut previous = 0;
    for (number, value) in message.options() {
        let is_repeated = number == previous;
        previous = number;
        if identifies_transfer(number) {
            transfer.write(number, value);
        }
        let problem = if is_repeated && !is_repeatable(number) {
            Some("given more than once")
        } else {
            incoming.take(number, value)?
        };
        match problem {
            Some(reason) if is_critical(number) => return Err(Refusal::bad_option(number, reason)),
            _ => {}
        }
    }
    incoming.transfer = transfer.finish();
    Ok(incoming)
}

impl Incoming {
    /// Takes one option; returns what is wrong with it, in case that matters.
    fn take(&mut self, number: u16, value: &[u8]) -> Result<Option<&'static str>, Refusal> {
        const BAD_LENGTH: Option<&str> = Some("not of the right length");
        let request = &mut self.request;
        match number {
            URI_PATH | URI_QUERY if value.len() > 255 => return Ok(BAD_LENGTH),
            URI_PATH => request.path.push(text(number, value)?),
            URI_QUERY => request.query.push(text(number, value)?),
            URI_HOST if !(1..=255).contains(&value.len()) => return Ok(BAD_LENGTH),
            URI_PORT if uint(value, 2).is_none() => return Ok(BAD_LENGTH),
            // One authority is served, whatever it is called by the client.
            URI_HOST | URI_PORT => {}
            IF_MATCH if value.is_empty() => request.if_match.push(IfMatch::Exists),
            IF_MATCH => match ETag::new(value) {
                Ok(etag) => request.if_match.push(IfMatch::ETag(etag)),
                Err(_) => return Ok(BAD_LENGTH),
            },
            ETAG => request.etags.extend(ETag::new(value)),
            OBSERVE => {
                request.observe = match uint(value, 3) {
                    Some(0) => Some(Observe::Register),
                    Some(1) => Some(Observe::Deregister),
                    _ => None,
                }
            }
            CONTENT_FORMAT => request.content_format = uint(value, 2).map(|format| ContentFormat(format as u16)),
            ACCEPT => match uint(value, 2) {
                Some(format) => request.accept = Some(ContentFormat(format as u16)),
                None => return Ok(BAD_LENGTH),
            },
            BLOCK1 | BLOCK2 => {
                let Some(value) = uint(value, 3) else { return Ok(BAD_LENGTH) };
                let block = Block::from_value(value).map_err(|_| {
                    let name = name_of(number).unwrap_or_default();
                    Refusal::new(Code::BAD_REQUEST, format!("{name}: block size 7 is reserved"))
                })?;
                if number == BLOCK1 {
                    self.block1 = Some(block);
                } else {
                    self.block2 = Some(block);
                }
            }
            SIZE1 => self.size1 = uint(value, 4),
            SIZE2 => self.wants_size = true,
            ECHO if (1..=40).contains(&value.len()) => request.echo = Some(Bytes::copy_from_slice(value)),
            NO_RESPONSE => self.unwanted = uint(value, 1).unwrap_or(0) as u8,
            PROXY_URI | PROXY_SCHEME => {
                return Err(Refusal::new(PROXYING_NOT_SUPPORTED, "not a forward-proxy"));
            }
            _ => return Ok(Some("not supported")),
        }
        Ok(None)
    }
}

/// A response, and what its options say to the transport.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) response: Response,
    pub(crate) block1: Option<Block>,
    pub(crate) block2: Option<Block>,
    /// The place among the notifications of one observation
    /// ([RFC 7641 §3.4](https://www.rfc-editor.org/rfc/rfc7641#section-3.4)).
    pub(crate) sequence: Option<u32>,
}

/// A response with a critical option that is not understood or malformed.
#[derive(Debug)]
pub(crate) struct UnusableResponse;

/// Reads a response.
pub(crate) fn read_response(message: &Message<'_>) -> Result<Reply, UnusableResponse> {
    let mut reply =
        Reply { response: Response::new(Code::from_u8(message.code)), block1: None, block2: None, sequence: None };
    let response = &mut reply.response;
    let mut previous = 0;
    for (number, value) in message.options() {
        let is_repeated = number == previous && number != LOCATION_PATH && number != LOCATION_QUERY;
        previous = number;
        match number {
            _ if is_repeated && is_critical(number) => return Err(UnusableResponse),
            _ if is_repeated => {}
            ETAG => response.etag = ETag::new(value).ok(),
            OBSERVE => {
                response.is_observed = true;
                reply.sequence = uint(value, 3);
            }
            LOCATION_PATH => {
                response.location_path.push(core::str::from_utf8(value).map_err(|_| UnusableResponse)?.to_owned());
            }
            CONTENT_FORMAT => response.content_format = uint(value, 2).map(|format| ContentFormat(format as u16)),
            MAX_AGE => response.max_age = uint(value, 4),
            ECHO if (1..=40).contains(&value.len()) => response.echo = Some(Bytes::copy_from_slice(value)),
            BLOCK1 | BLOCK2 => {
                let block = uint(value, 3).ok_or(UnusableResponse)?;
                let block = Block::from_value(block).map_err(|_| UnusableResponse)?;
                if number == BLOCK1 {
                    reply.block1 = Some(block);
                } else {
                    reply.block2 = Some(block);
                }
            }
            _ if is_critical(number) => return Err(UnusableResponse),
            _ => {}
        }
    }
    reply.response.is_observed = reply.sequence.is_some();
    reply.response.payload = message.payload();
    Ok(reply)
}

/// What the transport adds to a request of the service.
#[derive(Debug, Default)]
pub(crate) struct Steering<'a> {
    pub(crate) host: Option<&'a str>,
    pub(crate) observe: Option<Observe>,
    pub(crate) block1: Option<Block>,
    pub(crate) block2: Option<Block>,
    pub(crate) tag: Option<u64>,
}

/// Writes the options of a request.
pub(crate) fn write_request(draft: &mut Draft, request: &Request, steering: &Steering<'_>) {
    for state in &request.if_match {
        match state {
            IfMatch::Exists => draft.option(IF_MATCH, b""),
            IfMatch::ETag(etag) => draft.option(IF_MATCH, etag.as_bytes()),
        }
    }
    if let Some(host) = steering.host {
        draft.option(URI_HOST, host.as_bytes());
    }
    for etag in &request.etags {
        draft.option(ETAG, etag.as_bytes());
    }
    match steering.observe {
        Some(Observe::Register) => draft.uint(OBSERVE, 0),
        Some(Observe::Deregister) => draft.uint(OBSERVE, 1),
        None => {}
    }
    for segment in &request.path {
        draft.option(URI_PATH, segment.as_bytes());
    }
    if let Some(format) = request.content_format {
        draft.uint(CONTENT_FORMAT, format.0.into());
    }
    for argument in &request.query {
        draft.option(URI_QUERY, argument.as_bytes());
    }
    if let Some(format) = request.accept {
        draft.uint(ACCEPT, format.0.into());
    }
    if let Some(block) = steering.block2 {
        draft.block(BLOCK2, block);
    }
    if let Some(block) = steering.block1 {
        draft.block(BLOCK1, block);
    }
    if let Some(echo) = &request.echo {
        draft.option(ECHO, echo);
    }
    if let Some(tag) = steering.tag {
        draft.option(REQUEST_TAG, &tag.to_be_bytes());
    }
}

/// What the transport adds to a response.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) observe: Option<u32>,
    pub(crate) block1: Option<Block>,
    pub(crate) block2: Option<Block>,
    pub(crate) size1: Option<usize>,
    pub(crate) size2: Option<usize>,
    /// The part of the body that goes into this message.
    pub(crate) payload: Bytes,
}

/// Writes the options of a response.
pub(crate) fn write_response(draft: &mut Draft, response: &Response, extras: &Extras) {
    if let Some(etag) = response.etag {
        draft.option(ETAG, etag.as_bytes());
    }
    if let Some(sequence) = extras.observe {
        draft.uint(OBSERVE, sequence);
    }
    for segment in &response.location_path {
        draft.option(LOCATION_PATH, segment.as_bytes());
    }
    if let Some(format) = response.content_format {
        draft.uint(CONTENT_FORMAT, format.0.into());
    }
    if let Some(seconds) = response.max_age {
        draft.uint(MAX_AGE, seconds);
    }
    if let Some(block) = extras.block2 {
        draft.block(BLOCK2, block);
    }
    if let Some(block) = extras.block1 {
        draft.block(BLOCK1, block);
    }
    if let Some(size) = extras.size2 {
        draft.uint(SIZE2, u32::try_from(size).unwrap_or(u32::MAX));
    }
    if let Some(size) = extras.size1 {
        draft.uint(SIZE1, u32::try_from(size).unwrap_or(u32::MAX));
    }
    if let Some(echo) = &response.echo {
        draft.option(ECHO, echo);
    }
}

/// Returns the octet of a method.
pub(crate) fn code_of(method: Method) -> u8 {
    METHODS.iter().position(|&known| known == method).map_or(0, |index| index as u8 + 1)
}

/// Tells whether a request can be repeated without changing anything.
pub(crate) fn is_safe(method: Method) -> bool {
    matches!(method, Method::Get | Method::Fetch)
}

/// Tells whether to do it twice is to do it once ([RFC 7252 §5.1](https://www.rfc-editor.org/rfc/rfc7252#section-5.1),
/// [RFC 8132 §4](https://www.rfc-editor.org/rfc/rfc8132#section-4)).
pub(crate) fn is_idempotent(method: Method) -> bool {
    is_safe(method) || matches!(method, Method::Put | Method::Delete | Method::IPatch)
}

fn method_of(code: u8) -> Option<Method> {
    METHODS.get(usize::from(code).checked_sub(1)?).copied()
}

fn text(number: u16, value: &[u8]) -> Result<String, Refusal> {
    match core::str::from_utf8(value) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let name = name_of(number).unwrap_or_default();
            let offset = error.valid_up_to();
            Err(Refusal::new(Code::BAD_REQUEST, format!("{name}: not UTF-8 at byte {offset}")))
        }
    }
}

/// Reads an unsigned number of at most `longest` bytes.
fn uint(value: &[u8], longest: usize) -> Option<u32> {
    (value.len() <= longest).then(|| value.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
}

const fn is_critical(number: u16) -> bool {
    number & 1 == 1
}

const fn is_repeatable(number: u16) -> bool {
    // Request-Tag is, too; it is not interpreted.
    matches!(number, IF_MATCH | URI_PATH | URI_QUERY | ETAG | LOCATION_PATH | LOCATION_QUERY)
}

/// Tells whether requests that differ in this option belong to different transfers: the cache key without what steers
/// the transfer itself ([RFC 7252 §5.6](https://www.rfc-editor.org/rfc/rfc7252#section-5.6)).
const fn identifies_transfer(number: u16) -> bool {
    const NO_CACHE_KEY: u16 = 0x1c;
    number & 0x1e != NO_CACHE_KEY && !matches!(number, BLOCK1 | BLOCK2 | OBSERVE | ETAG | ECHO | NO_RESPONSE)
}

fn name_of(number: u16) -> Option<&'static str> {
    Some(match number {
        IF_MATCH => "If-Match",
        URI_HOST => "Uri-Host",
        5 => "If-None-Match",
        URI_PORT => "Uri-Port",
        9 => "OSCORE",
        URI_PATH => "Uri-Path",
        URI_QUERY => "Uri-Query",
        ACCEPT => "Accept",
        BLOCK2 => "Block2",
        BLOCK1 => "Block1",
        _ => return None,
    })
}

const METHODS: [Method; 7] =
    [Method::Get, Method::Post, Method::Put, Method::Delete, Method::Fetch, Method::Patch, Method::IPatch];

/// Cuts a diagnostic at a character boundary.
pub(crate) fn shorten(diagnostic: &Bytes, longest: usize) -> Bytes {
    if diagnostic.len() <= longest {
        return diagnostic.clone();
    }
    let end = (0..=longest).rev().find(|&end| diagnostic[end] & 0xc0 != 0x80).unwrap_or(0);
    diagnostic.slice(..end)
}

/// Returns at least the length of what [`write_response`] and the transport's own options come to.
pub(crate) fn room_for_options(response: &Response) -> usize {
    const FIXED: usize = 9 + 3 + 5 + 4 + 4 + 4 + 5 + 7 + 1;
    let location: usize = response.location_path.iter().map(|segment| segment.len() + 3).sum();
    FIXED + location + response.echo.as_ref().map_or(0, |echo| echo.len() + 3)
}
