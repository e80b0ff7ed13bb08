//! Whoever asks for much, again and again, or under many addresses.

extern crate alloc;

#[path = "../harness/mod.rs"]
mod harness;

mod changes;
mod flood;
mod look_ups;
mod observers;
