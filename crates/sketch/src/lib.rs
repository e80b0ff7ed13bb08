//! Finds how two sets of 64-bit ids differ.
#![no_std]

extern crate alloc;

mod cell;
mod decoder;
mod encoder;
mod limits;
mod mapping;
mod sketch;
mod undecodable;

pub use cell::{Cell, InvalidCells};
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use limits::Limits;
pub use sketch::Sketch;
pub use undecodable::Undecodable;
