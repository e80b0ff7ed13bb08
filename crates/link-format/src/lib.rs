//! CoRE Link Format (RFC 6690).
#![no_std]
#![allow(clippy::todo, missing_docs, unused, clippy::all)]
extern crate alloc;
mod skeleton;
pub use skeleton::*;
