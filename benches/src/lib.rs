//! What the benches and reports share.

pub mod fleet;
