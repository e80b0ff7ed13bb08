//! Ways in which a proxy is wrong.

use waypost_rest::{Method, Output, Peer, Request, Response};
use waypost_server::Server;
use waypost_sync::{FEED_FORMAT, Proxy};

use crate::bent::Bend;

/// Says of all that it passes on that it is as its authority has it now.
pub(crate) struct PassesForCurrent;

impl Bend<Proxy<Server>> for PassesForCurrent {
    fn says(&mut self, output: &mut Output) -> bool {
        if let Output::Response { response, .. } | Output::Notification { response, .. } = output
            && response.content_format == Some(FEED_FORMAT)
            && let Some(payload) = passed_for_current(response)
        {
            response.payload = payload.into();
        }
        true
    }
}

/// Answers its sources as it answers clients.
pub(crate) struct ForgetsWhoAsks;

impl Bend<Proxy<Server>> for ForgetsWhoAsks {
    fn asker(&self, request: &Request, _: &Peer) -> Option<Peer> {
        (request.method == Method::Get).then(|| Peer::new("coap://nobody.example"))
    }
}

/// Returns an answer with an age of zero. After its number, it says how it has come here: `false`, through how many directories, how
/// late renewals are heard of, and that age.
fn passed_for_current(response: &Response) -> Option<Vec<u8>> {
    let (head, rest) = response.payload.split_at_checked(2)?;
    let (hops, rest) = rest.split_at_checked(item(rest).filter(|_| head[1] == FALSE)?)?;
    let (delay, rest) = rest.split_at_checked(item(rest)?)?;
    Some([head, hops, delay, &[0], rest.get(item(rest)?..)?].concat())
}

/// Returns how many octets a number, or none, takes.
fn item(octets: &[u8]) -> Option<usize> {
    match *octets.first()? {
        0..24 | NULL => Some(1),
        length @ 24..28 => Some(1 + (1 << (length - 24))),
        _ => None,
    }
}

const FALSE: u8 = 0xf4;
const NULL: u8 = 0xf6;
