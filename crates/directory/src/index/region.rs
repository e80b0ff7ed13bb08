use alloc::{boxed::Box, vec::Vec};

/// Ids of a [bitmap](crate::index::bitmap::Bitmap) that begin alike, in words of 64, of which those that are zero take nearly nothing.
///
/// The links of a registration are one word. Most have few links, so that the upper bits of all words are zero: each takes one, two,
/// four or eight bytes, as the longest one needs.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    map: Box<Map>,
    /// The words that have a place, in their order, each with its lowest byte first.
    bytes: Vec<u8>,
    /// How many ids there are.
    len: u32,
    /// What all ids begin with.
    pub(crate) number: u16,
    /// How many words are not zero.
    used: u16,
    /// How many bytes a word takes.
    width: u8,
}

/// Which words have a place, in groups of 64.
#[derive(Debug, Clone, Default)]
struct Map([Group; GROUPS]);

/// Both numbers are side by side, so that the place of a word takes one look at memory.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// A bit for each word.
    taken: u64,
    /// How many have a place in the groups before.
    before: u16,
}

/// A walk through the words of a region that are not zero.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    group: usize,
    /// The words of the group that are still to come, a bit each.
    left: u64,
    /// The place of the next one.
    place: usize,
}

/// The words of a region.
pub(crate) const WORDS: usize = 1024;
const GROUPS: usize = WORDS / 64;
/// So many words may be zero and keep their places, besides as many as are not.
const SLACK: usize = 8;
/// The buffer grows by so many bytes, and by that part of what it has.
const GROWTH: usize = 8;

impl Region {
    pub(crate) fn new(number: u16) -> Self {
        Self { map: Box::default(), bytes: Vec::new(), len: 0, number, used: 0, width: 1 }
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// Returns the ids of a word, a bit each.
    #[inline]
    pub(crate) fn word(&self, index: usize) -> u64 {
        self.map.place(index).map_or(0, |place| self.read(place))
    }

    /// Makes another word of one.
    pub(crate) fn change(&mut self, index: usize, change: impl FnOnce(u64) -> u64) {
        let place = self.map.place(index);
        let old = place.map_or(0, |place| self.read(place));
        let new = change(old);
        if new == old {
            return;
        }
        self.len = self.len + new.count_ones() - old.count_ones();
        self.used = self.used + u16::from(old == 0) - u16::from(new == 0);
        self.widen(width_of(new));
        match place {
            Ok(place) => self.write(place, new),
            Err(place) => {
                self.make_room(place);
                self.map.take(index);
                self.write(place, new);
            }
        }
        self.compact_if_sparse();
    }

    /// Makes the words from one on zero that are gone, until there are no steps left; returns where it is to go on, if it did not
    /// come to the end.
    pub(crate) fn sweep(&mut self, from: usize, is_gone: impl Fn(usize) -> bool, steps: &mut usize) -> Option<usize> {
        let mut group = from / 64;
        while group < GROUPS && *steps > 0 {
            let (mut left, mut place) = (self.map.0[group].taken, usize::from(self.map.0[group].before));
            *steps = steps.saturating_sub(left.count_ones() as usize + 1);
            while left != 0 {
                let word = self.read(place);
                if word != 0 && is_gone(group * 64 + left.trailing_zeros() as usize) {
                    self.len -= word.count_ones();
                    self.used -= 1;
                    self.write(place, 0);
                }
                left &= left - 1;
                place += 1;
            }
            group += 1;
        }
        self.compact_if_sparse();
        (group < GROUPS).then_some(group * 64)
    }

    /// Returns the ids that are in all of several regions.
    pub(crate) fn common(regions: &[&Self]) -> Self {
        let mut common = Self::new(regions.first().map_or(0, |region| region.number));
        for group in 0..GROUPS {
            let mut taken = regions.iter().fold(u64::MAX, |taken, region| taken & region.map.0[group].taken);
            while taken != 0 {
                let index = group * 64 + taken.trailing_zeros() as usize;
                taken &= taken - 1;
                let word = regions.iter().fold(u64::MAX, |word, region| word & region.word(index));
                common.change(index, |_| word);
            }
        }
        common
    }

    /// Begins a walk at a word.
    pub(crate) fn cursor(&self, index: usize) -> Cursor {
        let (Ok(place) | Err(place)) = self.map.place(index);
        let group = index / 64;
        Cursor { group, left: self.map.0[group].taken & (u64::MAX << (index % 64)), place }
    }

    /// Returns the next word on a walk, and its index.
    #[inline]
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Option<(usize, u64)> {
        loop {
            while cursor.left == 0 {
                cursor.group += 1;
                cursor.left = self.map.0.get(cursor.group)?.taken;
            }
            let index = cursor.group * 64 + cursor.left.trailing_zeros() as usize;
            cursor.left &= cursor.left - 1;
            let word = self.read(cursor.place);
            cursor.place += 1;
            if word != 0 {
                return Some((index, word));
            }
        }
    }

    fn places(&self) -> usize {
        self.bytes.len() / usize::from(self.width)
    }

    #[inline]
    fn read(&self, place: usize) -> u64 {
        match self.width {
            1 => u64::from(self.bytes[place]),
            2 => u64::from(u16::from_le_bytes(read(&self.bytes, place))),
            4 => u64::from(u32::from_le_bytes(read(&self.bytes, place))),
            _ => u64::from_le_bytes(read(&self.bytes, place)),
        }
    }

    fn write(&mut self, place: usize, word: u64) {
        let width = usize::from(self.width);
        self.bytes[place * width..][..width].copy_from_slice(&word.to_le_bytes()[..width]);
    }

    /// Makes room for one word more at a place.
    fn make_room(&mut self, place: usize) {
        let (width, old) = (usize::from(self.width), self.bytes.len());
        if old + width > self.bytes.capacity() {
            let most = WORDS * width - old;
            self.bytes.reserve_exact((width * GROWTH + old / GROWTH).min(most));
        }
        self.bytes.resize(old + width, 0);
        self.bytes.copy_within(place * width..old, (place + 1) * width);
    }

    /// Gives each word so many bytes, if it has less.
    fn widen(&mut self, width: u8) {
        if width <= self.width {
            return;
        }
        let mut wide = Vec::with_capacity(self.places() * usize::from(width));
        for place in 0..self.places() {
            wide.extend_from_slice(&self.read(place).to_le_bytes()[..usize::from(width)]);
        }
        (self.bytes, self.width) = (wide, width);
    }

    /// Takes the places of words that are zero, if most are.
    fn compact_if_sparse(&mut self) {
        if self.places() <= 2 * usize::from(self.used) + SLACK {
            return;
        }
        let mut all = 0;
        let mut cursor = self.cursor(0);
        while let Some((_, word)) = self.next(&mut cursor) {
            all |= word;
        }
        let width = usize::from(width_of(all));
        let (mut map, mut bytes) = (Box::<Map>::default(), Vec::with_capacity(usize::from(self.used) * width));
        let mut cursor = self.cursor(0);
        while let Some((index, word)) = self.next(&mut cursor) {
            map.0[index / 64].taken |= 1 << (index % 64);
            bytes.extend_from_slice(&word.to_le_bytes()[..width]);
        }
        map.count();
        (self.map, self.bytes, self.width) = (map, bytes, width as u8);
    }
}

impl Map {
    /// Returns the place of a word, or where it would be.
    #[inline]
    fn place(&self, index: usize) -> Result<usize, usize> {
        let (Group { taken, before }, bit) = (self.0[index / 64], 1 << (index % 64));
        let place = usize::from(before) + (taken & (bit - 1)).count_ones() as usize;
        if taken & bit == 0 { Err(place) } else { Ok(place) }
    }

    /// Gives a word a place that has none.
    fn take(&mut self, index: usize) {
        self.0[index / 64].taken |= 1 << (index % 64);
        self.0[index / 64 + 1..].iter_mut().for_each(|group| group.before += 1);
    }

    /// Counts what has a place before each group.
    fn count(&mut self) {
        let mut places = 0;
        for group in &mut self.0 {
            group.before = places;
            places += group.taken.count_ones() as u16;
        }
    }
}

fn read<const WIDTH: usize>(bytes: &[u8], place: usize) -> [u8; WIDTH] {
    let mut word = [0; WIDTH];
    word.copy_from_slice(&bytes[place * WIDTH..][..WIDTH]);
    word
}

/// Returns how many bytes a word needs.
fn width_of(word: u64) -> u8 {
    (word.checked_ilog2().unwrap_or(0) as u8 / 8 + 1).next_power_of_two()
}
