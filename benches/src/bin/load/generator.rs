use alloc::collections::VecDeque;
use core::future::poll_fn;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::task::Poll;
use core::time::Duration;
use std::io;
use std::time::Instant;

use tokio::net::UdpSocket;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::outcome::Outcome;
use crate::wire::{self, Request};
use crate::workload::{Ask, Workload, next};

/// Sends requests and takes the answers, over several sockets in one task.
#[derive(Debug)]
pub(crate) struct Generator {
    pub(crate) workload: Workload,
    sockets: Vec<UdpSocket>,
    /// How many requests were made. Says which socket, message identifier and token each has.
    serial: u32,
    /// What has no answer yet, in order, and the answered ones among them.
    pending: VecDeque<Option<Pending>>,
    outstanding: usize,
    /// How many of these are renewals that go on beside the others.
    renewing: usize,
    /// When the last answer came.
    answered: Instant,
    request: Request,
    buffer: Vec<u8>,
    tick: Interval,
}

/// How fast to go, and when to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) window: usize,
    pub(crate) rate: Option<u32>,
    /// Renewals per second beside the others, outside the window.
    pub(crate) renewals: Option<u32>,
    pub(crate) time: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    ask: Ask,
    /// When the first request of the transfer should have been sent.
    due: Instant,
    sent: Instant,
    is_beside: bool,
}

impl Generator {
    /// Opens the sockets. On IPv4 each has an address of its own, as a server may limit what one host does.
    pub(crate) async fn new(target: SocketAddr, sockets: usize, workload: Workload) -> io::Result<Self> {
        let sockets: Vec<_> = (0..sockets).map(|number| open(target, number)).collect::<io::Result<_>>()?;
        for socket in &sockets {
            // Until tokio has seen this once, it does not try to send.
            socket.writable().await?;
        }
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let buffer = vec![0; 65_536];
        Ok(Self {
            workload,
            sockets,
            serial: 0,
            pending: VecDeque::new(),
            outstanding: 0,
            renewing: 0,
            answered: Instant::now(),
            request: Request::default(),
            buffer,
            tick,
        })
    }

    /// Asks what `source` says until it has no more, or time is up, and waits for the last answers.
    pub(crate) async fn run(
        &mut self,
        pace: Pace,
        mut source: impl FnMut(&mut Workload) -> Option<Ask>,
    ) -> io::Result<Outcome> {
        let start = Instant::now();
        let mut outcome = Outcome::default();
        let (mut asked, mut renewed, mut has_more) = (0_u64, 0_u64, true);
        loop {
            self.receive(&mut outcome)?;
            let now = Instant::now();
            self.give_up(now, &mut outcome);
            has_more &= now - start < pace.time;
            let due_renewal = |renewed| pace.renewals.map(|rate| due(start, renewed, rate));
            while let Some(due) = due_renewal(renewed).filter(|&due| has_more && due <= now) {
                let ask = self.workload.renewal();
                if !self.send(ask, due, true)? {
                    outcome.lost.push(ask);
                }
                renewed += 1;
            }
            let mut next_due = None;
            while has_more && self.outstanding - self.renewing < pace.window {
                let now = Instant::now();
                // What comes too late is still counted from when it should have gone: a slow server does not slow the
                // clock.
                let due = pace.rate.map_or(now, |rate| due(start, asked, rate));
                if due > now {
                    next_due = Some(due);
                    break;
                }
                match source(&mut self.workload) {
                    Some(ask) if self.send(ask, due, false)? => asked += 1,
                    Some(ask) => {
                        // The system has no room for more at the moment.
                        asked += 1;
                        outcome.lost.push(ask);
                        break;
                    }
                    None => has_more = false,
                }
            }
            if self.outstanding == 0 && !has_more {
                outcome.elapsed = self.answered.saturating_duration_since(start);
                return Ok(outcome);
            }
            match next_due {
                // Timers are too coarse for high rates.
                Some(_) => tokio::task::yield_now().await,
                None => self.wait().await?,
            }
        }
    }

    /// Sends one request; tells whether it went out.
    fn send(&mut self, ask: Ask, due: Instant, is_beside: bool) -> io::Result<bool> {
        let socket = &self.sockets[self.serial as usize % self.sockets.len()];
        let id = (self.serial as usize / self.sockets.len()) as u16;
        self.workload.write(ask, id, self.serial, &mut self.request);
        self.serial = self.serial.wrapping_add(1);
        let is_sent = match socket.try_send(&self.request.datagram) {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => return Err(error),
        };
        self.pending.push_back(is_sent.then(|| Pending { ask, due, sent: Instant::now(), is_beside }));
        self.outstanding += usize::from(is_sent);
        self.renewing += usize::from(is_sent && is_beside);
        Ok(is_sent)
    }

    /// Takes all answers that are there.
    fn receive(&mut self, outcome: &mut Outcome) -> io::Result<()> {
        let mut buffer = core::mem::take(&mut self.buffer);
        for number in 0..self.sockets.len() {
            loop {
                match self.sockets[number].try_recv(&mut buffer) {
                    Ok(len) => self.take(&buffer[..len], outcome)?,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
        }
        self.buffer = buffer;
        Ok(())
    }

    fn take(&mut self, datagram: &[u8], outcome: &mut Outcome) -> io::Result<()> {
        outcome.datagrams += 1;
        outcome.bytes += datagram.len() as u64;
        let first = self.serial.wrapping_sub(self.pending.len() as u32);
        let place = wire::token(datagram).map(|token| token.wrapping_sub(first) as usize);
        let slot = place.and_then(|place| self.pending.get_mut(place));
        let Some(Pending { ask, due, is_beside, .. }) = slot.and_then(Option::take) else {
            outcome.strays += 1;
            return Ok(());
        };
        self.outstanding -= 1;
        self.renewing -= usize::from(is_beside);
        let Some(answer) = wire::read(datagram) else {
            outcome.strays += 1;
            return Ok(());
        };
        match answer.code >> 5 {
            // A request that comes back is an echo.
            0 | 2 => {}
            _ => {
                *outcome.refused.entry(answer.code).or_default() += 1;
                return Ok(());
            }
        }
        if let Some(more) = next(ask, &answer) {
            if !self.send(more, due, is_beside)? {
                outcome.lost.push(more);
            }
            return Ok(());
        }
        match ask {
            Ask::Discover => self.workload.learn(&String::from_utf8_lossy(answer.payload)),
            Ask::Register(number) => self.workload.located(number, &answer.location),
            Ask::Locate(number) => self.workload.found(number, &String::from_utf8_lossy(answer.payload)),
            _ => {}
        }
        self.answered = Instant::now();
        let histogram = if is_beside { &mut outcome.renewals } else { &mut outcome.latency };
        histogram.add(self.answered.saturating_duration_since(due));
        Ok(())
    }

    /// Counts as lost what was not answered in time.
    fn give_up(&mut self, now: Instant, outcome: &mut Outcome) {
        while let Some(pending) = self.pending.front() {
            match pending {
                Some(pending) if now - pending.sent < PATIENCE => return,
                Some(pending) => {
                    outcome.lost.push(pending.ask);
                    self.outstanding -= 1;
                    self.renewing -= usize::from(pending.is_beside);
                }
                None => {}
            }
            self.pending.pop_front();
        }
    }

    /// Waits until a socket can be read, or a moment.
    async fn wait(&mut self) -> io::Result<()> {
        let sockets = &self.sockets;
        let readable = poll_fn(|cx| {
            let ready = sockets.iter().find_map(|socket| match socket.poll_recv_ready(cx) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            });
            ready.map_or(Poll::Pending, Poll::Ready)
        });
        tokio::select! {
            result = readable => result,
            _ = self.tick.tick() => Ok(()),
        }
    }
}

/// Returns when the request of this number is due, of so many a second.
fn due(start: Instant, number: u64, rate: u32) -> Instant {
    start + Duration::from_secs(number) / rate
}

fn open(target: SocketAddr, number: usize) -> io::Result<UdpSocket> {
    let local = match target.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1 + number as u8)),
        IpAddr::V6(address) => IpAddr::V6(address),
    };
    let socket = std::net::UdpSocket::bind(SocketAddr::new(local, 0))?;
    socket.connect(target)?;
    socket.set_nonblocking(true)?;
    socket2::SockRef::from(&socket).set_recv_buffer_size(1 << 20)?;
    UdpSocket::from_std(socket)
}

/// How long to wait for answers before what is due is looked at again.
const TICK: Duration = Duration::from_millis(1);
/// After what time a request counts as lost.
const PATIENCE: Duration = Duration::from_secs(2);
