//! A server in which there is much to look up, and those who do.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use waypost_rest::{Code, Peer, Response};
use waypost_server::{Client, Denial, Policy, ServerConfig, ServerLimits};

use crate::harness::*;

/// What a look-up of everything answers with, in bytes, and more.
pub(crate) const EVERYTHING: u64 = 200_000;
/// What is free.
pub(crate) const FREE: usize = 8 << 10;

/// A server with some fat registrations, which may work a tenth of what everything is for each client in a second.
pub(crate) fn world() -> World {
    world_with(|_| {})
}

pub(crate) fn world_with(more: impl FnOnce(&mut ServerConfig)) -> World {
    let mut config = ServerConfig::default().with_limits(ServerLimits {
        look_up_work: EVERYTHING / 10,
        look_up_work_in_all: EVERYTHING / 2,
        events: 0,
        ..ServerLimits::default()
    });
    more(&mut config);
    let mut world = World::with(config);
    for number in 0..100 {
        let links: Vec<String> = (0..15).map(|link| format!("</{link}>;title=\"{}\"", "x".repeat(100))).collect();
        world.register(&reachable(number), &format!("ep=node{number}&base=coap://h{number}&et=fat"), &links.join(","));
    }
    // So that nothing of that is owed any more.
    world.pass(60);
    world
}

/// Looks everything up, as a host that is known to be reachable.
pub(crate) fn everything(world: &mut World, number: u16) -> Response {
    world.ask(&reachable(number), get("/rd-lookup/res"))
}

/// Looks everything up until that is refused, and returns the refusal.
pub(crate) fn exhaust(world: &mut World, peer: &Peer) -> Response {
    let mut answers = core::iter::repeat_with(|| world.ask(peer, get("/rd-lookup/res"))).take(1_000);
    answers.find(|answer| answer.code != Code::CONTENT).expect("a refusal")
}

/// Looks up what is small, and thus free.
pub(crate) fn one(world: &mut World, number: u16) -> Response {
    world.ask(&reachable(number), get("/rd-lookup/res?ep=node7"))
}

/// Lets the time pass that a refusal says.
pub(crate) fn wait_as_told(world: &mut World, refusal: &Response) {
    world.pass(u64::from(refusal.max_age.expect("a time to wait")));
}

/// Changes what everybody finds so often, with all observers ready at once.
pub(crate) fn change(world: &mut World, times: usize) {
    for number in 0..times {
        world.register(&reachable(2), "ep=busy&et=fat", &format!("</{number}>"));
        world.let_ready();
    }
}

/// Lets everybody do everything, and counts what is written.
#[derive(Debug)]
pub(crate) struct Counting(pub(crate) Arc<AtomicUsize>);

impl Policy for Counting {
    fn look_up(&self, _: &Client<'_>) -> Result<(), Denial> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn reveals_everything(&self) -> bool {
        true
    }
}
