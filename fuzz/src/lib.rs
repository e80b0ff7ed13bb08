//! What the fuzz targets do with their input, as functions, so that any compiler can replay a corpus.

mod abnf;
mod cells;
mod datagram;
pub mod feed;
pub mod feed_message;
pub mod honest;
mod link_delta;
mod link_document;
pub mod look_ups;
mod query;

pub use cells::cells;
pub use datagram::datagram;
pub use feed::feed;
pub use feed_message::feed_message;
pub use link_delta::link_delta;
pub use link_document::link_document;
pub use look_ups::look_ups;
pub use query::query;

/// Gives each file that is named on the command line to a target.
pub fn replay_arguments(target: impl Fn(&[u8])) {
    for path in std::env::args_os().skip(1) {
        target(&std::fs::read(path).expect("the file can be read"));
    }
}
