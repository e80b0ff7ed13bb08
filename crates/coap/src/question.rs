use alloc::vec::Vec;

use waypost_rest::{Request, RequestId, Response};
use waypost_time::Instant;

use crate::block::Block;

/// A request of the service, under way.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: RequestId,
    pub(crate) request: Request,
    /// The message that carries the present step, once sent.
    pub(crate) message_id: Option<u16>,
    /// The block of the request body that this step sends, where the body needs several.
    pub(crate) upload: Option<Block>,
    /// The block of the response body that this step asks for.
    pub(crate) download: Option<Block>,
    /// The response so far: everything but the payload is that of the first block.
    pub(crate) head: Option<Response>,
    pub(crate) body: Vec<u8>,
    pub(crate) expires: Instant,
}
