//! An indexed, versioned, in-memory CoRE Resource Directory.
#![no_std]
#![allow(clippy::todo, missing_docs, unused, clippy::all)]
extern crate alloc;
mod skeleton;
pub use skeleton::*;
