//! Whatever cells come, decoding ends, at a bounded cost, and never with a wrong answer.

extern crate alloc;

mod common;

use common::{KEY, id, key, no_limits, only_here, only_there};
use proptest::prelude::*;
use waypost_sketch::{Cell, Decoder, Encoder, Limits, Undecodable};

/// Gives a decoder cells of a peer, while the local set is empty, until an error; tells which and after how many.
fn decode_alone(there: impl IntoIterator<Item = Cell>) -> (Decoder, Result<(), Undecodable>) {
    let mut decoder = Decoder::new(KEY, no_limits());
    for cell in there {
        if let Err(error) = decoder.push(Cell::EMPTY, cell) {
            return (decoder, Err(error));
        }
    }
    (decoder, Ok(()))
}

fn cells_of<const N: usize>(ids: [u64; N], cells: usize) -> Vec<Cell> {
    Encoder::new(KEY, ids).take(cells).collect()
}

fn cell() -> impl Strategy<Value = Cell> {
    // A cell of one id is the most that a liar can want decoded.
    let single = (0..20_u64).prop_map(|number| cells_of([id(number)], 1)[0]);
    prop_oneof![any::<[u8; Cell::SIZE]>().prop_map(Cell::from_bytes), single, Just(Cell::EMPTY)]
}

proptest! {
    #[test]
    fn any_cells_yield_no_more_than_their_number(
        honest in 0..20_u64,
        lies in prop::collection::vec((cell(), any::<bool>()), 0..100),
        others in prop::collection::vec(cell(), 100),
    ) {
        let cells = Encoder::new(KEY, (0..honest).map(id));
        let lies = cells.zip(lies).map(|(cell, (lie, is_lie))| if is_lie { lie } else { cell });
        let mut decoder = Decoder::new(KEY, no_limits());
        for (here, there) in others.iter().zip(lies) {
            let index = decoder.next_index();
            let result = decoder.push(*here, there);
            prop_assert!(only_here(&decoder).len() + only_there(&decoder).len() <= index + 1);
            if let Err(error) = result {
                prop_assert!(!decoder.is_done());
                prop_assert_eq!(decoder.push(*here, there), Err(error));
                break;
            }
        }
    }

    #[test]
    fn a_bit_that_is_wrong_never_makes_a_wrong_answer(
        shared in 0..20_u64,
        different in 0..60_u64,
        place in any::<prop::sample::Index>(),
        bit in 0..Cell::SIZE * 8,
        key in any::<[u8; 16]>(),
    ) {
        let here = || Encoder::new(key, (0..shared).map(id));
        let mut there: Vec<_> = Encoder::new(key, (0..shared + different).map(id)).take(400).collect();
        let needed = common::decode(key, here(), Encoder::new(key, (0..shared + different).map(id))).unwrap().next_index();
        let wrong = place.index(needed);
        let mut bytes = there[wrong].to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        there[wrong] = Cell::from_bytes(bytes);

        let mut decoder = Decoder::new(key, no_limits());
        for (here, there) in here().zip(there) {
            let result = decoder.push(here, there);
            prop_assert!(!decoder.is_done());
            if result.is_err() {
                break;
            }
        }
    }

    #[test]
    fn cells_of_another_key_never_decode(different in 1..50_u64, number in 0..1000_u64) {
        let cells = Encoder::new(key(number), (0..different).map(id)).take(200);
        let (decoder, _) = decode_alone(cells);
        prop_assert!(!decoder.is_done());
    }
}

#[test]
fn a_difference_that_cell_0_lacks_is_a_contradiction() {
    for lie in [cells_of([id(1)], 1)[0], Cell::from_bytes([7; Cell::SIZE])] {
        let (decoder, result) = decode_alone([Cell::EMPTY, Cell::EMPTY, lie]);
        assert_eq!(result, Err(Undecodable::Contradiction));
        assert_eq!(decoder.next_index(), 3);
    }
}

#[test]
fn an_id_that_comes_back_is_a_contradiction() {
    let honest = cells_of([id(1)], 50);
    let later = (1..50).find(|index| !honest[*index].is_empty()).unwrap();
    let cells = honest.iter().enumerate().map(|(index, cell)| if index == later { *cell + *cell } else { *cell });
    let (decoder, result) = decode_alone(cells);
    assert_eq!(result, Err(Undecodable::Contradiction));
    assert_eq!(decoder.next_index(), later + 1);
}

#[test]
fn an_id_that_is_missing_where_it_belongs_is_a_contradiction() {
    let honest = cells_of([id(1), id(2)], 50);
    let alone = cells_of([id(1)], 50);
    let first = (1..50).find(|index| honest[*index] == alone[*index] && !alone[*index].is_empty()).unwrap();
    let later = (first + 1..50).find(|index| !alone[*index].is_empty()).unwrap();
    let cells = honest.iter().zip(&alone).enumerate();
    let (decoder, result) =
        decode_alone(cells.map(|(index, (cell, alone))| if index == later { *cell - *alone } else { *cell }));
    assert_eq!(result, Err(Undecodable::Contradiction));
    assert!(decoder.next_index() <= later + 1);
}

#[test]
fn an_id_that_does_not_belong_to_a_cell_is_not_taken_from_it() {
    let honest = cells_of([id(1)], 100);
    let foreign = (1..100).find(|index| honest[*index].is_empty()).unwrap();
    let mut cells = vec![Cell::from_bytes([9; Cell::SIZE]); foreign];
    cells.push(honest[0]);
    let (decoder, result) = decode_alone(cells);
    assert_eq!(result, Ok(()));
    assert_eq!(decoder.only_there().count(), 0);
}

#[test]
fn an_id_twice_in_a_set_never_decodes() {
    let (decoder, _) = decode_alone(cells_of([5, 5], 1000));
    assert!(!decoder.is_done());
}

#[test]
fn cells_that_never_decode_end_at_the_limit() {
    let mut limits = Limits::default();
    limits.cells = 700;
    let mut decoder = Decoder::new(KEY, limits);
    let large = Encoder::new(KEY, (0..10_000).map(id));
    let results: Vec<_> = large.take(702).map(|there| decoder.push(Cell::EMPTY, there)).collect();
    assert!(results[..700].iter().all(Result::is_ok));
    assert_eq!(results[700..], [Err(Undecodable::TooManyCells); 2]);
    assert_eq!(decoder.next_index(), 700);
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(Undecodable::Contradiction.to_string(), "the cells contradict each other");
    assert_eq!(Undecodable::TooManyCells.to_string(), "the limit of cells is reached");
}
