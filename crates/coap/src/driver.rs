//! The tokio driver: sockets and a clock around an [`Endpoint`].

mod clock;
mod socket;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, poll_fn};
use core::net::{IpAddr, SocketAddr};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::collections::HashMap;
use std::io;

use tokio::net::lookup_host;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinSet};
use tokio::time;
use waypost_rest::Service;
use waypost_time::Instant;

use self::clock::Clock;
use self::socket::Socket;
use crate::{Datagram, Endpoint};

/// Runs an [`Endpoint`] on UDP sockets, all in the task that calls [`Driver::run_until`].
///
/// ```
/// # use waypost_coap::{Config, Driver, Endpoint};
/// # use waypost_rest::*;
/// # use waypost_time::Instant;
/// # struct Deaf;
/// # impl Service for Deaf {
/// #     fn handle_request(&mut self, _: Instant, _: ExchangeId, _: &Peer, _: Request) {}
/// #     fn poll_output(&mut self) -> Option<Output> { None }
/// #     fn handle_response(&mut self, _: Instant, _: RequestId, _: Result<Response, RequestFailure>) {}
/// #     fn handle_ready(&mut self, _: Instant, _: ExchangeId) {}
/// #     fn handle_cancel(&mut self, _: Instant, _: ExchangeId) {}
/// #     fn handle_timeout(&mut self, _: Instant) {}
/// #     fn poll_timeout(&self) -> Option<Instant> { None }
/// # }
/// # let service = Deaf;
/// # let shutdown = std::future::ready(());
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let mut driver = Driver::new(Endpoint::new(service, Config::random()));
/// let local = driver.listen("127.0.0.1:0".parse().unwrap())?;
/// println!("listening on coap://{local}");
/// driver.run_until(shutdown).await?;
/// # std::io::Result::Ok(())
/// # })?;
/// # std::io::Result::Ok(())
/// ```
///
/// A socket that listens on the unspecified address takes what comes to any address of the host, but its answers go out
/// from the address that the host prefers. On a host with several addresses, listen on each of them.
///
/// Where the service asks a host by its name, the addresses are those that the operating system knows. A look-up that takes longer than
/// 30 seconds is given up. The thread in which the system goes on with it outlives the driver; a tokio runtime that is dropped waits for
/// it, one that ends with `shutdown_background` does not.
///
/// That nobody listens at a port is found out by silence alone, which takes as long as CoAP has patience, a minute and a half. Linux
/// tells a socket that serves many peers of ICMP errors only with `IP_RECVERR`, which neither tokio nor socket2 can set; and with it,
/// sending to one peer fails for what was sent to another. A service that has others to ask should not wait so long, as with the
/// `answer_timeout` of a registrant.
pub struct Driver<S> {
    endpoint: Endpoint<S>,
    sockets: Vec<Socket>,
    clock: Clock,
    buffer: Vec<u8>,
    unsent: Option<(usize, Datagram)>,
    /// The socket that is looked at first, so that each gets its turn.
    first: usize,
    hook: Option<Hook<S>>,
    /// The look-ups of names that are under way.
    look_ups: JoinSet<Vec<SocketAddr>>,
    /// What they look up.
    names: HashMap<task::Id, String>,
    errands: mpsc::Receiver<Errand<S>>,
    handle: Handle<S>,
}

type Hook<S> = Box<dyn FnMut(Instant, &mut S) + Send>;
type Errand<S> = Box<dyn FnOnce(Instant, &mut S) + Send>;

impl<S: Service> Driver<S> {
    /// Makes a driver without sockets. Its clock starts at [`Instant::ZERO`] now. It goes on while the machine sleeps on Linux,
    /// Android, macOS and Windows; what was due meanwhile is done within a minute.
    ///
    /// For a service that counts time, time begins here: fill a directory at [`Instant::ZERO`] before, or through
    /// [`Driver::update`] afterwards, which says what time it is.
    #[must_use]
    pub fn new(mut endpoint: Endpoint<S>) -> Self {
        endpoint.look_up_names();
        let (sender, errands) = mpsc::channel(ERRANDS);
        let buffer = vec![0; LONGEST_DATAGRAM];
        Self {
            endpoint,
            sockets: Vec::new(),
            clock: Clock::start(),
            buffer,
            unsent: None,
            first: 0,
            hook: None,
            look_ups: JoinSet::new(),
            names: HashMap::new(),
            errands,
            handle: Handle(sender),
        }
    }

    /// Opens a socket, and returns the address that it has got. Has to be called within a tokio runtime.
    ///
    /// # Errors
    /// What the operating system reports; [`io::ErrorKind::InvalidInput`] for a group address.
    pub fn listen(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let socket = Socket::listen(address)?;
        let local = socket.local();
        self.endpoint.add_local(local);
        self.sockets.push(socket);
        Ok(local)
    }

    /// Joins a group on one interface, and answers what comes to it from `local`, an address returned by
    /// [`Driver::listen`]. The groups of a resource directory are `ff02::fe`, `ff05::fe` and `224.0.1.190`
    /// ([RFC 9176 §9.5](https://www.rfc-editor.org/rfc/rfc9176#section-9.5)).
    ///
    /// The interface is the index of a network interface, 0 for the one that the operating system chooses. A socket of its
    /// own is bound to the group, so that what is sent to the group can be told from what is sent to the host.
    ///
    /// # Errors
    /// What the operating system reports; [`io::ErrorKind::InvalidInput`] when `group` is not a group address of the
    /// family of `local`.
    pub fn join(&mut self, group: IpAddr, interface: u32, local: SocketAddr) -> io::Result<()> {
        self.sockets.push(Socket::join(group, interface, local)?);
        Ok(())
    }

    /// Has `hook` called after each step, for instance to log what the service did. A step can take a burst of datagrams.
    pub fn on_step(&mut self, hook: impl FnMut(Instant, &mut S) + Send + 'static) {
        self.hook = Some(Box::new(hook));
    }

    /// Returns a way to reach the service from other tasks while the driver runs.
    #[must_use]
    pub fn handle(&self) -> Handle<S> {
        self.handle.clone()
    }

    /// Returns the time on the clock of the driver.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Lets an application work with the service while the driver does not run.
    pub fn update<R>(&mut self, work: impl FnOnce(Instant, &mut S) -> R) -> R {
        let now = self.now();
        self.endpoint.update(now, |service| work(now, service))
    }

    /// Returns the endpoint.
    pub const fn endpoint(&self) -> &Endpoint<S> {
        &self.endpoint
    }

    /// Closes the sockets and returns the endpoint.
    pub fn into_endpoint(self) -> Endpoint<S> {
        self.endpoint
    }

    /// Serves until `end` is there, and returns its output. Can be called again to go on.
    ///
    /// # Errors
    /// What the operating system reports when a socket is broken. What only concerns one datagram is a lost datagram.
    pub async fn run_until<F: Future>(&mut self, end: F) -> io::Result<F::Output> {
        let mut end = pin!(end);
        loop {
            self.step();
            let is_heard = self.send().await;
            while let Some(name) = self.endpoint.poll_name() {
                let look_up = self.look_ups.spawn(look_up(name.clone()));
                self.names.insert(look_up.id(), name);
            }
            // What the service heard meanwhile, the hook sees at once.
            let deadline = if is_heard { Some(self.now()) } else { self.endpoint.poll_timeout() };
            tokio::select! {
                output = &mut end => return Ok(output),
                index = readable(&self.sockets, self.first) => self.read(index?).await?,
                Some(errand) = self.errands.recv() => self.update(|now, service| errand(now, service)),
                Some(found) = self.look_ups.join_next_with_id() => {
                    let (id, addresses) = found.unwrap_or_else(|error| (error.id(), Vec::new()));
                    if let Some(name) = self.names.remove(&id) {
                        let now = self.now();
                        self.endpoint.handle_addresses(now, &name, &addresses);
                    }
                }
                () = self.clock.sleep_until(deadline) => {
                    let now = self.now();
                    self.endpoint.handle_timeout(now);
                }
            }
        }
    }

    /// Reads what a socket has, up to a number that leaves the others their turn. What is answered to a burst is sent after
    /// it: whoever waits for several answers is woken once, and waking costs as much as answering.
    async fn read(&mut self, index: usize) -> io::Result<()> {
        self.first = (index + 1) % self.sockets.len();
        let now = self.now();
        for _ in 0..BURST {
            let received = self.sockets[index].receive(&mut self.buffer)?;
            let Some((path, len)) = received else { return Ok(()) };
            self.endpoint.handle_datagram(now, path, &self.buffer[..len]);
        }
        // There is more: under a flood, clocks and signals have their turn as well.
        task::yield_now().await;
        Ok(())
    }

    /// Sends what there is to send. Waits for a socket that is not ready rather than to pile up more. Tells whether the service heard of
    /// something that could not be sent.
    async fn send(&mut self) -> bool {
        let mut is_heard = false;
        loop {
            let (index, datagram) = match self.unsent.take() {
                Some(unsent) => unsent,
                None => match self.endpoint.poll_output() {
                    Some(datagram) => match self.socket_for(&datagram) {
                        Some(index) => (index, datagram),
                        None => continue,
                    },
                    None => return is_heard,
                },
            };
            match self.sockets[index].try_send(&datagram).map_err(|error| error.kind()) {
                Err(io::ErrorKind::WouldBlock) => {
                    self.unsent = Some((index, datagram));
                    if self.sockets[index].writable().await.is_err() {
                        self.unsent = None;
                    }
                }
                Err(
                    io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::InvalidInput,
                ) => {
                    self.endpoint.handle_unsent(self.now(), &datagram);
                    is_heard = true;
                }
                // What else goes wrong may be over when it is sent again.
                _ => {}
            }
        }
    }

    fn socket_for(&self, datagram: &Datagram) -> Option<usize> {
        self.sockets.iter().position(|socket| socket.sends_from(datagram.path.local))
    }

    fn step(&mut self) {
        if let Some(hook) = &mut self.hook {
            let now = self.clock.now();
            self.endpoint.update(now, |service| hook(now, service));
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Driver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("endpoint", &self.endpoint)
            .field("sockets", &self.sockets)
            .finish_non_exhaustive()
    }
}

/// A way to reach the service of a running [`Driver`] from other tasks.
///
/// ```
/// # use waypost_coap::{Handle, Stopped};
/// # struct Counter { requests: u64 }
/// async fn requests(handle: &Handle<Counter>) -> Result<u64, Stopped> {
///     handle.update(|_now, service| service.requests).await
/// }
/// ```
pub struct Handle<S>(mpsc::Sender<Errand<S>>);

/// The error for a driver that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the driver has stopped")]
pub struct Stopped(());

impl<S> Handle<S> {
    /// Has `work` done with the service between two steps of the driver, and returns what it returns.
    ///
    /// # Errors
    /// [`Stopped`] when the driver was dropped. While the driver exists but does not run, this waits.
    pub async fn update<R: Send + 'static>(
        &self,
        work: impl FnOnce(Instant, &mut S) -> R + Send + 'static,
    ) -> Result<R, Stopped> {
        let (sender, result) = oneshot::channel();
        let errand: Errand<S> = Box::new(move |now, service| {
            // Whoever asked may have gone.
            let _ = sender.send(work(now, service));
        });
        self.0.send(errand).await.map_err(|_| Stopped(()))?;
        result.await.map_err(|_| Stopped(()))
    }
}

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// Waits until one of the sockets can be read.
async fn readable(sockets: &[Socket], first: usize) -> io::Result<usize> {
    poll_fn(|cx| {
        for index in (first..sockets.len()).chain(0..first) {
            if let Poll::Ready(result) = sockets[index].poll_readable(cx) {
                return Poll::Ready(result.map(|()| index));
            }
        }
        Poll::Pending
    })
    .await
}

/// Returns the addresses of a host; none if there are none, or not in time.
async fn look_up(name: String) -> Vec<SocketAddr> {
    let found = time::timeout(NAME_PATIENCE, lookup_host((name, 0))).await;
    found.ok().and_then(Result::ok).into_iter().flatten().collect()
}

/// What UDP can carry.
const LONGEST_DATAGRAM: usize = 65_535;
/// How long the addresses of a host may take to look up.
const NAME_PATIENCE: Duration = Duration::from_secs(30);
/// How many closures wait for the driver before [`Handle::update`] waits, too.
const ERRANDS: usize = 64;
/// How many datagrams are read from a socket in a row, before what is answered to them is sent.
const BURST: usize = 64;
