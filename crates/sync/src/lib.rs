//! Keeps directories in step.
#![no_std]

extern crate alloc;

mod config;
mod event;
mod follower;
mod limits;
mod lookup_mirror;
mod relation;
mod replicated;
mod replicator;
mod source;
mod wire;

pub use config::{FEED_FORMAT, FEED_RESOURCE_TYPE, SyncConfig};
pub use event::SyncEvent;
pub use limits::Limits;
pub use relation::Relation;
pub use replicated::Replicated;
pub use replicator::{NotFollowed, Replicator};
pub use wire::Malformed;
