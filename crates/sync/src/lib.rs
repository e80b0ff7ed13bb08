//! Keeps CoRE Resource Directories ([RFC 9176]) in step, in the ways of *Resource Directory Replication*
//! ([draft-amsuess-core-rd-replication]), without I/O.
//!
//! ```
//! use waypost_sync::{Replicator, SyncConfig};
//!
//! let mut replicator = Replicator::new(SyncConfig::new(0x5eed));
//! replicator.add_replica("coap://[2001:db8::2]".parse()?)?; // writes for the same authority, and merges
//! replicator.add_mirror("coap://[2001:db8:5::1]".parse()?)?; // is read, and shown beside what is local
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A URI is that of a host, whose feed is found in its `/.well-known/core`, or that of the feed itself. A server shows its feed there
//! if the `links` of its configuration have `</sync/feed>;rt="waypost.feed";obs`. Beside a server, the engine is one service for one
//! transport: [`Replicated`]. What happens is told by [`Replicator::poll_event`].
//!
//! # On a transport of your own
//!
//! The engine makes requests and takes responses as [`waypost_rest`] has them, and so does every directory. A transport moves
//! them, whatever the scheme of its URIs. This one has no sockets: it is a loop over two replicas. The crates that it uses are in
//! `waypost` as well.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use waypost_directory::{Config, Directory};
//! use waypost_model::{Registration, ReplicaId};
//! use waypost_rest::{ExchangeId, Output, Peer, RequestId, Service};
//! use waypost_server::{Server, ServerConfig};
//! use waypost_sync::{Replicated, Replicator, SyncConfig};
//! use waypost_time::Instant;
//!
//! type Node = Replicated<Server>;
//!
//! /// A replica that knows one other. All of an authority have the same secret and epoch; each has an id of its own.
//! fn replica(id: u64, other: &str) -> Result<Node, Box<dyn std::error::Error>> {
//!     let directory = Directory::new(Config::new(*b"keep it a secret", ReplicaId(id)));
//!     let mut replicator = Replicator::new(SyncConfig::new(id));
//!     replicator.add_replica(format!("{other}/sync/feed").parse()?)?;
//!     Ok(Replicated::new(Server::new(directory, ServerConfig::default()), replicator))
//! }
//!
//! /// Nodes by their URIs, and who waits for the answer to which exchange, under which name.
//! #[derive(Default)]
//! struct Network {
//!     nodes: BTreeMap<&'static str, Node>,
//!     exchanges: BTreeMap<ExchangeId, (&'static str, RequestId)>,
//! }
//!
//! impl Network {
//!     /// Carries what the nodes say to one another until they have no more to say.
//!     fn run(&mut self, now: Instant) {
//!         while let Some((from, output)) = self.nodes.iter_mut().find_map(|(uri, node)| Some((*uri, node.poll_output()?))) {
//!             match output {
//!                 // A request goes to the node that it names. The name of the exchange is ours to give.
//!                 Output::Request { id, peer, request } => {
//!                     let exchange = ExchangeId(self.exchanges.len() as u64);
//!                     self.exchanges.insert(exchange, (from, id));
//!                     // Here nobody can bear the address of another.
//!                     self.node(&peer.uri).handle_request(now, exchange, &Peer::new(from).reachable(), request);
//!                 }
//!                 // What an exchange observes has changed. This transport can always send: it asks what it is now.
//!                 Output::Changed { exchange } => self.node(from).handle_ready(now, exchange),
//!                 // An answer, or a notification, goes to who asked.
//!                 Output::Response { exchange, response } | Output::Notification { exchange, response } => {
//!                     let (asker, id) = self.exchanges[&exchange];
//!                     self.node(asker).handle_response(now, id, Ok(response));
//!                 }
//!                 _ => {}
//!             }
//!         }
//!     }
//!
//!     fn node(&mut self, uri: &str) -> &mut Node {
//!         self.nodes.get_mut(uri).expect("a node")
//!     }
//! }
//!
//! let (a, b) = ("coap://[2001:db8::1]", "coap://[2001:db8::2]");
//! let mut network = Network::default();
//! network.nodes.extend([(a, replica(1, b)?), (b, replica(2, a)?)]);
//!
//! // Registered at one …
//! let sensor = Registration::parse("ep=node1&base=coap://[2001:db8::3]", r#"</temp>;rt="temperature-c""#)?;
//! let location = network.node(a).service_mut().directory_mut().register(Instant::ZERO, sensor)?.location;
//! network.run(Instant::ZERO);
//!
//! // … removed at the other, and gone at both.
//! network.node(b).service_mut().directory_mut().remove(Instant::ZERO, &location)?;
//! network.run(Instant::ZERO);
//! assert!(network.nodes.values().all(|node| node.service().directory().is_empty()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Who asks is known by its URI: it has to be the host of the one that was added there. A replica needs no other name of itself. But
//! where anybody can bear its address, it has to [have shown](waypost_rest::Peer::is_reachable) that it receives what is sent there:
//! until then it is refused with 4.29, to which the transport adds an Echo value ([RFC 9175 §2.3]) that it repeats.
//!
//! What this loop leaves out: a transport also tells when an exchange has ended or failed ([`Service::handle_cancel`], the
//! errors of [`Service::handle_response`]), and it calls [`Service::handle_timeout`] at [`Service::poll_timeout`]. It may forget an
//! exchange once a response [is not observed](waypost_rest::Response::is_observed), and a request that is
//! [withdrawn](waypost_rest::Output::Withdrawn). A request of a name that is observed goes on with that observation, or ends it:
//! see [`waypost_rest::Service`]. A notification that is lost costs no change: the engine asks again about once a minute. Replicas
//! on several hosts also need [one epoch](#two-relations). `waypost-coap` does all of it.
//!
//! # Two relations
//!
//! *Replicas of one authority* all take registrations, updates and removals for the same locations, and merge. They have the
//! same secret, so that a name leads to the same location everywhere, also while they cannot reach each other. What they do
//! with writes that did not see each other is the rule of [`waypost_model::State`]: a registration, or an update of a field, stays
//! though somebody elsewhere removed what it changed; an empty update, which only renews, does not. Each of such writes lives by its
//! own renewals, and what takes the place of a write inherits when its endpoint was alive last.
//!
//! They also count from one epoch: [`Config::epoch`](waypost_directory::Config::epoch) is the milliseconds from 1970, or any other date
//! that is the same for all, to the zero of the own clock. So it is for mirrors: a write that is more than an hour ahead of the own
//! clock is not taken before its time.
//!
//! A replica that starts without memory is a new one, with a [`ReplicaId`](waypost_model::ReplicaId) of its own. The others know of
//! the old one for as long as anything that it wrote is left, and about a day longer
//! ([`replicas_kept`](waypost_directory::Limits::replicas_kept)). After that it is in no question any more, and does not count.
//!
//! *A mirror* holds what was registered elsewhere, under the URIs that it has there. It changes nothing, and only takes what
//! its source is itself the origin of, or what the operator named [of the rest](#mirrors-of-mirrors).
//!
//! | the source offers | found by | the mirror |
//! |---|---|---|
//! | a feed, to whom it admits | `rt="waypost.feed"` in `/.well-known/core` | observes the feed: each change comes once, and only what changed |
//! | links with provenance | a look-up that asks for it | observes the two look-ups, and compares answers |
//! | look-ups that can be observed | the answers | observes the endpoint look-up, and one look-up of links per registration |
//! | look-ups | – | asks again and again, at the pace that Max-Age allows |
//! | look-ups with more than one answer can hold | an answer that is too large | reads pages ([RFC 9176 §6.2]), again and again |
//!
//! Pages are no picture of one moment: what moves meanwhile can be on none. So what a reading in pages misses, a registration or a link,
//! is shown until the next one misses it, too, or its lifetime is over. A source that does not know pages is not mirrored until all goes
//! into one answer; where that are the links with their provenance, those of each registration are looked up instead.
//!
//! Ages, where a source shows them, decide how long a registration is kept while its source is silent: until its lifetime
//! has passed since it was last renewed. Without ages, it is [`Limits::unconfirmed`] since it was last seen there.
//!
//! # Mirrors of mirrors
//!
//! A directory that [passes on](SyncConfig::passes_on) what it mirrors serves the feed of each of these authorities beside its own.
//! Who follows it [names the authority](Replicator::add_mirror_through) and is told what a mirror of that would be: the same
//! locations, the same writes in the same order, and the ages, which go on. So a chain of mirrors shows what its beginning has, and
//! nothing lives longer because it has come far. That none of it goes round follows from a few rules:
//!
//! - Only what was named is taken, one authority from one source. What else a source mirrors is not looked at.
//! - Nobody takes its [own authorities](waypost_directory::Config::authorities) from another.
//! - A source passes on an authority that it mirrors wholly and has read to its end. Of another it says that it does not; mirrors
//!   that were made to follow each other in a ring wait for each other.
//! - Each answer says through how many directories it has come. What comes through more than [`Limits::hops`] is not taken: where
//!   what is left of an authority goes round, the number grows until nobody takes it.
//! - Renewals begin at the authority alone. What goes round until then ends with its lifetime.
//!
//! How far the end of a chain is behind adds up in its [`Standing`]: it is in step while all before it are and wait for no answer,
//! was confirmed when the authority last was as far as they know, and hears of renewals as late as all of them together. What is
//! renewed when it has less left than that may be missing at the end for a moment.
//!
//! # In front of directories
//!
//! A [`Proxy`] stands around such a service and answers look-ups for directories of any make. What it does with one:
//!
//! | all that is asked for | is answered |
//! |---|---|
//! | is mirrored, or registered here | by the service |
//! | is in what is observed because it recurs, or in an answer that is fresh | from there |
//! | is neither | by asking the sources that [can have it](Proxy::add_upstream_of), revalidating by ETag, and putting together what they say |
//! | was once known, and its source is gone | for as long as [`ProxyConfig::stale`] allows, with a Max-Age of zero |
//! | was never known, and its source is gone | with 5.04, and a Max-Age after which that source is asked again |
//! | the same, where [`ProxyConfig::partial`] allows it | with what the others have, if anything, with a Max-Age of zero |
//!
//! *Whole answers.* Whether what is held has the whole answer is what [`waypost_filter::remainder`] tells. What is mirrored is held
//! with endpoints and links both, so that every criterion can be decided. A source that was lost is still answered for until
//! lifetimes are over, for at most [`ProxyConfig::unconfirmed`], with a Max-Age that is zero a minute after the source was in step last;
//! that is not [`Limits::unconfirmed`], which stands for a lifetime where a source shows no ages.
//!
//! *Observation.* What is mirrored is observed at the service. For the rest, each source is observed whose part is not at hand: once for
//! all clients that observe the same, by polling as Max-Age allows where a source does not tell of changes, and no longer than there are
//! clients. What a client was told last is what a fresh look-up finds. The observation ends with the error that a look-up would be
//! answered with. Some look-ups are answered and not observed: above a [limit](ProxyLimits::observers), those for lifetimes, those
//! of a peer that is itself a source, and those with several criteria at a source of recurring queries that is not known to join
//! them.
//!
//! *References* are made absolute against the source ([RFC 8075 §6.5.2]), so that they mean the same here. The union says once what
//! several sources that are asked say word for word. Pages are cut from the union.
//!
//! *Replicas* behind a proxy are one source: the name that they share, or one of them. As several sources they are several directories,
//! and what is registered is shown of each.
//!
//! *Recurring queries* ([`Holding::Recurring`]): where [`ProxyLimits::recurrences`] different queries would have been answered by one
//! with a criterion less, that one is observed. It goes on while what a cache would have asked for is more than what its source
//! sends, and what did not pay is tried ever more rarely. A source
//! that does not join criteria by AND, which is tried out, is asked for one criterion, and the rest is decided here.
//!
//! *Handover.* An endpoint that could not reach a directory registers at the next. Of its registrations that are mirrored, the one
//! that was renewed last is shown ([`Duplicates`]), and with it those that may have been renewed after that: how late renewals are
//! heard of is in [`Standing::delay`]. Of those that are asked for, all are shown: answers do not say when a registration was renewed.
//!
//! *Loops.* A look-up from a source is answered from what is registered here, and nobody is asked on its behalf. In front of several
//! sources, only those registrations are taken from one that are its own. What its look-ups show of a directory that nobody follows here
//! is told ([`Standing::others`]), and it is asked for each question, as if it was not mirrored. A feed does not tell: what a proxy with
//! a feed mirrors itself is to be taken [through](Replicator::add_mirror_through) it.
//!
//! # The feed
//!
//! A question names what is here: for each replica, the number of the last write that was taken. The answer has what came
//! after that, each registration once and in its present state, without the fields that the asker has already. Of links that it has
//! as they were before, it has a [delta](waypost_link_delta), which names both by entity tags: who has others asks for everything
//! to be said. How far back that goes is a [limit](waypost_directory::Limits::former_links) of the source's directory. An answer may
//! be cut anywhere and asked on. A notification is the same answer, told by itself; one that does not go on from what is here is a
//! question more, and no harm. Who asks for what a query selects ([`Replicator::add_mirror_of`]) is told of that, and of the
//! names of what may have left it; and whether the source has lost something that it cannot tell of, as it does with its memory:
//! then the selection is read anew. Spans of time are ages, so that clocks need not agree. The encoding is documented in the
//! source, at the module `wire`.
//!
//! # Who is believed
//!
//! Replicas believe each other: they are run by one operator. A replica must have been [added](Replicator::add_replica) and have
//! shown that it receives what is sent to its address, or show a [credential](SyncConfig::replica_credentials), to read what
//! registrants proved. A source that is mirrored can say whatever it likes about its own registrations, and about those of an
//! authority that is mirrored through it, and nothing about others. What cannot be right is refused and
//! [reported](SyncEvent::Refused); what cannot be read ends the answer it is in.
//!
//! # Deviation
//!
//! What asks a feed does as [every client](waypost_client#deviation) here does: refused with 4.29 and an Echo value, it repeats the
//! question at once, only once, though [RFC 8516 §4] would have it wait for Max-Age.
//!
//! # Features
//!
//! `std` (default) adds nothing but `std` in the dependencies.
//!
//! [`Service::handle_cancel`]: waypost_rest::Service::handle_cancel
//! [`Service::handle_response`]: waypost_rest::Service::handle_response
//! [`Service::handle_timeout`]: waypost_rest::Service::handle_timeout
//! [`Service::poll_timeout`]: waypost_rest::Service::poll_timeout
//! [RFC 8075 §6.5.2]: https://www.rfc-editor.org/rfc/rfc8075#section-6.5.2
//! [RFC 8516 §4]: https://www.rfc-editor.org/rfc/rfc8516#section-4
//! [RFC 9175 §2.3]: https://www.rfc-editor.org/rfc/rfc9175#section-2.3
//! [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
//! [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
//! [draft-amsuess-core-rd-replication]: https://datatracker.ietf.org/doc/draft-amsuess-core-rd-replication/
#![no_std]

extern crate alloc;

mod cache;
mod client;
mod config;
mod context;
mod coverage;
mod event;
mod follower;
mod following;
mod handover;
mod limits;
mod lookup_mirror;
mod means;
mod not_followed;
mod passage;
mod proxy;
mod proxy_config;
mod proxy_event;
mod reconciliation;
mod relation;
mod replicated;
mod replicator;
mod sessions;
mod source;
mod standing;
mod subject;
mod union;
mod wire;

pub use config::{FEED_FORMAT, FEED_RESOURCE_TYPE, SyncConfig};
pub use event::SyncEvent;
pub use limits::Limits;
pub use means::Means;
pub use not_followed::NotFollowed;
pub use proxy::Proxy;
pub use proxy_config::{Duplicates, Holding, ProxyConfig, ProxyLimits};
pub use proxy_event::ProxyEvent;
pub use relation::Relation;
pub use replicated::Replicated;
pub use replicator::Replicator;
pub use standing::Standing;
pub use wire::Malformed;
