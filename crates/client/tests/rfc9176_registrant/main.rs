//! What RFC 9176 asks of a registrant, section by section.

#[path = "../common/mod.rs"]
mod common;
mod patching;
mod registering;
mod staying;
