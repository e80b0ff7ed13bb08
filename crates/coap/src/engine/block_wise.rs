//! Bodies in blocks ([RFC 7959](https://www.rfc-editor.org/rfc/rfc7959)).

use bytes::Bytes;
use waypost_rest::{Code, ETag, Response};

use super::{Engine, RETRY_AFTER};
use crate::block::{Block, MAX_EXPONENT, exponent_within, size_of_exponent};
use crate::exchange::Exchange;
use crate::option::{self, Refusal};
use crate::peers::{Download, Upload};
use crate::secret::TransferKey;
use crate::slot::Slot;

/// The part of a response body that goes into one message.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) payload: Bytes,
    /// `None` when the body is whole and the client did not ask for blocks.
    pub(super) block: Option<Block>,
}

/// A block number beyond the end of the body.
#[derive(Debug)]
pub(super) struct BeyondEnd;

impl Engine {
    /// Takes a block of a request body; returns the body once it is whole. Otherwise the request has been answered.
    pub(super) fn take_block(
        &mut self,
        exchange: &Exchange,
        block: Block,
        announced: Option<u32>,
        payload: Bytes,
    ) -> Option<Bytes> {
        match self.store_block(exchange, block, announced, payload) {
            Ok(Some(body)) => return Some(body),
            Ok(None) => self.reply(exchange, Response::new(Code::CONTINUE)),
            Err(refusal) if refusal.code == Code::SERVICE_UNAVAILABLE => {
                let response = Response::refusal(refusal.code, refusal.diagnostic).with_max_age(RETRY_AFTER);
                self.reply(exchange, response);
            }
            Err(refusal) => self.refuse(exchange, refusal),
        }
        None
    }

    fn store_block(
        &mut self,
        exchange: &Exchange,
        block: Block,
        announced: Option<u32>,
        payload: Bytes,
    ) -> Result<Option<Bytes>, Refusal> {
        let (slot, transfer) = (exchange.slot, exchange.transfer);
        let limits = self.config.limits.clone();
        if block.more && payload.len() != block.size() {
            let reason = "Block1: the payload does not fill the block";
            return Err(Refusal::new(Code::BAD_REQUEST, reason));
        }
        let end = block.offset() + payload.len();
        if end > limits.body || announced.is_some_and(|size| size as usize > limits.body) {
            self.drop_upload(slot, transfer);
            return Err(Refusal::new(Code::REQUEST_ENTITY_TOO_LARGE, "Block1: the body is too large"));
        }
        if block.number == 0 {
            // A new transfer takes the place of an unfinished one.
            self.drop_upload(slot, transfer);
            if !block.more {
                return Ok(Some(payload));
            }
            self.make_room_for_upload(slot);
        }
        if !self.make_room_for_block(slot, payload.len()) {
            self.drop_upload(slot, transfer);
            return Err(Refusal::new(Code::SERVICE_UNAVAILABLE, "Block1: too many transfers at a time"));
        }
        let now = self.now;
        let Some(peer) = self.peers.get_mut(slot) else { return Ok(None) };
        if block.number == 0 {
            peer.uploads.insert(transfer, Upload { body: alloc::vec::Vec::new(), touched: now });
        }
        let Some(upload) =
            peer.uploads.get_mut(&transfer).filter(|upload| now < upload.touched + limits.transfer_timeout)
        else {
            return Err(Refusal::new(Code::REQUEST_ENTITY_INCOMPLETE, "Block1: no transfer to continue"));
        };
        upload.touched = now;
        let is_next = upload.body.len() == block.offset();
        // Whoever lost our answer and did not repeat the message as it was has the block repeated.
        let is_repeated = upload.body.len() == end && upload.body.get(block.offset()..) == Some(&*payload);
        if !is_next && !is_repeated {
            self.drop_upload(slot, transfer);
            return Err(Refusal::new(Code::REQUEST_ENTITY_INCOMPLETE, "Block1: a block is missing"));
        }
        if is_next {
            upload.body.extend_from_slice(&payload);
            self.usage.upload_bytes += payload.len();
        }
        if block.more {
            self.plan_sweep(slot, now + limits.transfer_timeout);
            return Ok(None);
        }
        let Some(upload) = peer.uploads.remove(&transfer) else { return Ok(None) };
        self.usage.upload_bytes -= upload.body.len();
        Ok(Some(upload.body.into()))
    }

    fn make_room_for_upload(&mut self, slot: Slot) {
        let most = self.config.limits.uploads_per_peer.max(1);
        let Some(peer) = self.peers.get(slot) else { return };
        if peer.uploads.len() >= most
            && let Some((&oldest, _)) = peer.uploads.iter().min_by_key(|(_, upload)| upload.touched)
        {
            self.drop_upload(slot, oldest);
        }
    }

    /// Sends a block of the body that the peer began to fetch; returns whether there is one.
    pub(super) fn continue_download(&mut self, exchange: &Exchange) -> bool {
        let (now, timeout) = (self.now, self.config.limits.transfer_timeout);
        let Some(peer) = self.peers.get_mut(exchange.slot) else { return false };
        let Some(download) = peer.downloads.get_mut(&exchange.transfer) else { return false };
        if now >= download.touched + timeout {
            return false;
        }
        download.touched = now;
        let mut response = download.response.clone();
        let age = u32::try_from(now.saturating_since(download.pinned).as_secs()).unwrap_or(u32::MAX);
        response.max_age = response.max_age.map(|seconds| seconds.saturating_sub(age));
        self.reply(exchange, response);
        true
    }

    /// Cuts out of a body what the client asked for, as much of it as may be sent.
    ///
    /// `room` is how long payload and options may be together.
    pub(super) fn cut(&self, response: &Response, wanted: Option<Block>, room: usize) -> Result<Cut, BeyondEnd> {
        let body = &response.payload;
        let room = room.saturating_sub(option::room_for_options(response));
        let preferred = self.config.block_exponent.min(MAX_EXPONENT);
        let largest = exponent_within(room).min(preferred);
        let Some(wanted) = wanted else {
            let is_short = body.len() <= room.min(size_of_exponent(preferred));
            return Ok(if is_short { Cut { payload: body.clone(), block: None } } else { slice(body, 0, largest) });
        };
        let offset = wanted.offset();
        if offset == 0 && body.is_empty() {
            return Ok(Cut { payload: Bytes::new(), block: None });
        }
        if offset > 0 && offset >= body.len() {
            return Err(BeyondEnd);
        }
        Ok(slice(body, offset, largest.min(wanted.exponent)))
    }

    /// Notes which part of a response was sent: pins the body while there is more of it to come.
    pub(super) fn follow_download(&mut self, slot: Slot, transfer: TransferKey, response: &Response, block: Block) {
        let now = self.now;
        let Some(peer) = self.peers.get_mut(slot) else { return };
        match peer.downloads.get_mut(&transfer) {
            Some(download) if block.number > 0 && download.response.etag == response.etag => {
                download.is_complete |= !block.more;
                if !block.more {
                    self.release_held(slot, transfer);
                }
            }
            _ if block.more => {
                let response = response.clone();
                self.pin(slot, transfer, Download { response, pinned: now, touched: now, is_complete: false });
            }
            _ => self.unpin(slot, transfer),
        }
    }

    /// Gives a response that is sent in blocks a name for what the blocks belong to.
    pub(super) fn name_body(&self, response: &mut Response) {
        if response.etag.is_none() {
            response.etag = Some(ETag::from_hash(self.secret.entity_tag(&response.payload)));
        }
    }
}

fn slice(body: &Bytes, offset: usize, exponent: u8) -> Cut {
    let block = Block::of_body(offset, exponent, body.len());
    let end = (offset + block.size()).min(body.len());
    Cut { payload: body.slice(offset..end), block: Some(block) }
}
