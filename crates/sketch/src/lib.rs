//! Finds how two sets differ, at a cost that depends on the difference and not on the sets.
//!
//! Two replicas that lost touch need to know which entries only one of them has. Each gives every entry an id of 64
//! bits, such as a keyed hash of its name and version, and turns its ids into *cells*. One sends cells until the other
//! has enough: about 1.4 for each difference, 12 bytes each, in one round, without anybody knowing beforehand how much
//! differs. The technique is that of rateless invertible Bloom look-up tables ([Yang, Gilad and Alizadeh 2024]).
//!
//! ```
//! use waypost_sketch::{Decoder, Encoder, Limits};
//!
//! let key = *b"of both for once"; // See below for who may know it.
//! let here = Encoder::new(key, [11, 12, 13, 14, 15]);
//! let there = Encoder::new(key, [11, 12, 14, 15, 16]); // Sends its cells to us.
//! let mut decoder = Decoder::new(key, Limits::default());
//! for (here, there) in here.zip(there) {
//!     if decoder.push(here, there)? {
//!         break;
//!     }
//! }
//! assert_eq!(decoder.only_here().collect::<Vec<_>>(), [13]);
//! assert_eq!(decoder.only_there().collect::<Vec<_>>(), [16]);
//! # Ok::<(), waypost_sketch::Undecodable>(())
//! ```
//!
//! # What there is
//!
//! * [`Encoder`]: all cells of a set that stands still, made as they are asked for, in pieces of work of any size.
//! * [`Sketch`]: the first cells of a set that changes, kept up to date change by change, without the set.
//! * [`Decoder`]: takes the [cells](Cell) of both sides and tells what is [only here](Decoder::only_here) and
//!   [only there](Decoder::only_there), within [`Limits`], or why it [cannot](Undecodable).
//!
//! There is no I/O, no clock and no floating-point number in it: equal sets and keys have equal cells on every machine.
//!
//! # What it costs
//!
//! Bytes that travel in both directions until d differences are found, with a request of 8 bytes, beside range-based
//! reconciliation by the crate `negentropy`, whose ids have 32 bytes. In brackets: the rounds.
//!
//! | ids | d | cells, streamed | cells, half as many again each time | negentropy |
//! |---|---|---|---|---|
//! | 1 000 000 | 0 | 20 (1) | 200 (1) | 351 (1) |
//! | 1 000 000 | 10 | 200 (1) | 200 (1) | 20 023 (3) |
//! | 1 000 000 | 100 | 1 520 (1) | 1 992 (6) | 168 735 (3) |
//! | 1 000 000 | 1000 | 16 676 (1) | 22 200 (12) | 1 421 373 (3) |
//! | 1 000 000 | 10 000 | 162 500 (1) | 167 968 (17) | 10 745 551 (3) |
//! | 10 000 | 1000 | 16 676 (1) | 22 200 (12) | 172 125 (2) |
//!
//! ```text
//! cargo test --release -p waypost-sketch --test beside_negentropy -- --ignored --nocapture
//! ```
//!
//! Cells for each difference, on average: 1 at d = 1, 1.8 at 5, 1.71 at 10, 1.44 at 100, 1.37 at 1000, 1.36 from 10 000
//! on.
//!
//! Processor time on one x86-64 core, in one run; `cargo bench -p waypost-benches --bench sketch` measures the same by
//! the clock: to make 32 cells of a million ids 30 ms, 1024 cells 90 ms, 16 384 cells 140 ms; to change a sketch of
//! 1024 cells 0.12 µs; to decode 10 000 differences 4 ms, whatever the size of the sets.
//!
//! # Why it is built so
//!
//! *Why not compare hashes of ranges, or a Merkle tree?* Their cost grows with the logarithm of the set for each
//! difference: to tell one entry of a million, hashes of its neighbourhood travel on every level, each level a round.
//! The tree must be kept, in one order, by both. Cells know neither order nor levels. What they need instead is a look
//! at every id, once for each doubling of the number of cells, where no sketch was kept. And they say nothing until
//! there are enough of them. Where half of all ids differ or more, a list of the ids is smaller.
//!
//! *Why is there a key?* Which cells an id belongs to, and its check-sum, follow from SipHash-1-3 of it under the key.
//! Who does not know the key (whoever chooses what the entries are, say) cannot choose entries whose ids fall on the
//! same cells and never decode, or whose check-sums agree. Both peers know it. A key for each session, drawn by one of
//! them, is best; a sketch that is kept has one key as long as it is kept, which only peers may know.
//!
//! *What can a peer do that lies?* It can say that it has, or has not, what it likes: look up what is
//! [only here](Decoder::only_here) before believing it. It cannot make more work or memory than its cells pay for, up
//! to [`Limits::cells`], and most lies are found out at the first cell that contradicts the others: see
//! [`Decoder`](Decoder#how-it-decodes-and-how-that-is-bounded).
//!
//! *Why do cells have no counter?* The count is there, in the last two bits of the sum of check-sums, modulo 4. That is
//! all that decoding needs: a cell has one difference when its check-sum says so, and 1 or 3 tells which side has it.
//! So a cell has 12 bytes whatever the size of the sets, cell `i` begins at byte 12 `i`, and there are no extremes to
//! guard against.
//!
//! *Can it be wrong?* Check-sums have 30 bits besides the count. They agree by chance about once in 10⁹ times the
//! number of differences. What is decoded then contradicts other cells, and another key mends it. When the decoder says
//! that it is done, what it found explains every cell to the bit. But entries that have the same id are the same to it:
//! among a million random ids two are equal once in 4 · 10⁷ times.
//!
//! [Yang, Gilad and Alizadeh 2024]: https://doi.org/10.1145/3651890.3672219
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
