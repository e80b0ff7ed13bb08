//! The laws of the engine, over generated sequences of calls.

extern crate alloc;

#[path = "../harness/mod.rs"]
mod harness;

mod calls;
mod observers;
mod run;
mod steps;
