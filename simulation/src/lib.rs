//! A world in which the engines of Waypost run in virtual time, and a judge who knows the truth.
//!
//! Machines have clocks that drift and jump, sleep, and restart with and without memory. The network between them loses,
//! repeats, reorders, delays and parts. On them run the real engines: directories, replicas of them, proxies that mirror
//! them, registrants and look-up clients, each on CoAP, datagram for datagram. The judge hears what endpoints told and were
//! told, with the true times, and so knows what every answer may say. All follows from a seed; a world that happens twice is
//! the same.
//!
//! ```
//! use std::time::Duration;
//! use waypost_simulation::{Scene, Trial};
//!
//! let trial = Trial { scene: Scene::Several, seed: 7, span: Duration::from_secs(2 * 3600), variant: None };
//! let outcome = trial.run();
//! assert_eq!(outcome.finding, None);
//! println!("{}", outcome.tally);
//! ```
//!
//! # Adding to it
//!
//! | what | where |
//! |---|---|
//! | a kind of machine | a [`Service`](waypost_rest::Service) that implements `Actor`; one that has nothing to tell the judge needs no method of it |
//! | a kind of world | [`Scene`], which says what machines there are |
//! | something to be found out | [`Variant`], with a `Bend` of the service that is wrong |
//! | something that must hold | [`Rule`], and where the judge sees it |

mod bent;
mod campaign;
mod clock;
mod device;
mod finding;
mod held;
mod history;
mod host;
mod machine;
mod misproxying;
mod misreplication;
mod model;
mod name;
mod network;
mod note;
mod proxied;
mod proxy;
mod random;
mod rd;
mod replica;
mod replicas;
mod scene;
mod schedule;
mod seeker;
mod tally;
mod time;
mod trace;
mod trial;
mod variant;
mod world;

pub use campaign::Campaign;
pub use finding::{Finding, Rule};
pub use scene::Scene;
pub use tally::{Happening, Tally};
pub use time::Time;
pub use trial::{Outcome, Trial};
pub use variant::Variant;
