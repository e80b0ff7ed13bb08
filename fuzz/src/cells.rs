//! Cells of a peer that may lie, against a set.

use waypost_sketch::{Cell, Decoder, Encoder, Limits, Sketch};

/// Reads two sets and a run of cells out of the input, and decodes.
///
/// The first byte says how many ids the local set has, the second how many the remote one has beyond them, the third
/// how many it lacks of them. Then comes a byte for each cell, which says how it lies, and what belongs to that. Where
/// the input ends, the peer is honest.
pub fn cells(data: &[u8]) {
    let [shared, more, fewer, lies @ ..] = data else { return };
    let here: Vec<u64> = (0..u64::from(*shared & 31)).map(id).collect();
    let there = (u64::from(*fewer & 15)..u64::from(*shared & 31)).chain(32..32 + u64::from(*more & 31)).map(id);
    let mut run = Vec::new();
    let mut lies = Lies(lies);
    for honest in Encoder::new(KEY, there).take(MOST_CELLS) {
        run.extend(lies.cell(honest).to_bytes());
    }
    // A run that was cut within a cell is none.
    let whole = run.len();
    run.extend(lies.0);
    assert_eq!(Cell::parse(&run).is_ok(), lies.0.len() % Cell::SIZE == 0);
    decode(&here, Cell::parse(&run[..whole]).expect("whole cells"));
}

fn decode(here: &[u64], there: impl Iterator<Item = Cell>) {
    let mut limits = Limits::default();
    limits.cells = MOST_CELLS - 1;
    let mut decoder = Decoder::new(KEY, limits);
    let (mut taken, mut explained) = (Vec::new(), 0);
    for (here_cell, there) in Encoder::new(KEY, here.iter().copied()).zip(there) {
        let result = decoder.push(here_cell, there);
        let found = decoder.only_here().count() + decoder.only_there().count();
        assert!(found <= taken.len() + 1, "{found} differences in {} cells", taken.len() + 1);
        if let Err(error) = result {
            assert!(!decoder.is_done());
            assert_eq!(decoder.push(here_cell, there), Err(error));
            return;
        }
        taken.push(there);
        assert_eq!(decoder.next_index(), taken.len());
        if decoder.is_done() && (found > explained || taken.len() == limits.cells) {
            explained = found;
            // What was found explains every cell to the bit.
            let mut sketch = Sketch::new(KEY, taken.len());
            sketch.extend(here.iter().copied().chain(decoder.only_there()));
            decoder.only_here().for_each(|id| sketch.remove(id));
            assert_eq!(sketch.cells(), taken);
        }
    }
    unreachable!("the limit is below the number of cells");
}

/// What a peer does to its cells, read from the front.
struct Lies<'a>(&'a [u8]);

impl Lies<'_> {
    fn cell(&mut self, honest: Cell) -> Cell {
        let Some(lie) = self.byte() else { return honest };
        match lie & 7 {
            0..=3 => honest,
            4 => {
                let mut bytes = honest.to_bytes();
                bytes[usize::from(lie >> 4) % Cell::SIZE] ^= self.byte().unwrap_or(1);
                Cell::from_bytes(bytes)
            }
            // An id more, or one less, which may be known.
            5 => honest + single(self.byte().unwrap_or(0)),
            6 => honest - single(self.byte().unwrap_or(0)),
            _ => match self.0.split_first_chunk() {
                Some((bytes, rest)) => {
                    self.0 = rest;
                    Cell::from_bytes(*bytes)
                }
                None => Cell::EMPTY,
            },
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }
}

/// The cell of one id alone.
fn single(number: u8) -> Cell {
    let mut sketch = Sketch::new(KEY, 1);
    sketch.insert(id(number.into()));
    sketch.cells()[0]
}

fn id(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

const KEY: [u8; 16] = *b"keys do not vary";
const MOST_CELLS: usize = 32;
