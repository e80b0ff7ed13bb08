//! A place in a document, shown with a caret under it.

use std::fmt::{self, Write as _};

/// As many columns of a line are shown before and after the place in question.
const CONTEXT: usize = 60;

/// The document as lines and columns. Places are asked for in order, or nearly so: each search goes on from the last one.
pub(crate) struct Lines<'a> {
    octets: &'a [u8],
    offset: usize,
    line: usize,
    line_start: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(octets: &'a [u8]) -> Self {
        Self { octets, offset: 0, line: 1, line_start: 0, column: 1 }
    }

    fn go_to(&mut self, offset: usize) {
        if offset < self.offset {
            *self = Self::of(self.octets);
        }
        for (at, octet) in (self.offset..).zip(&self.octets[self.offset..offset]) {
            match octet {
                b'\n' => (self.line, self.line_start, self.column) = (self.line + 1, at + 1, 1),
                // The first octet of a character, or what is none.
                octet if octet & 0xc0 != 0x80 => self.column += 1,
                _ => {}
            }
        }
        self.offset = offset;
    }

    /// Returns what is around the place, on its line, and whether that is less than the line before it.
    fn around(&self) -> (String, bool, String) {
        let rest = &self.octets[self.offset..];
        let end = rest.iter().take(4 * CONTEXT + 4).position(|octet| *octet == b'\n');
        let after = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len().min(4 * CONTEXT + 4))]).into_owned();
        // A character has at most four octets. One that is cut is not among those shown.
        let start = self.line_start.max(self.offset.saturating_sub(4 * CONTEXT + 4));
        let before = String::from_utf8_lossy(&self.octets[start..self.offset]).into_owned();
        let skipped = before.chars().count().saturating_sub(CONTEXT);
        (before.chars().skip(skipped).collect(), skipped > 0, after)
    }
}

/// Shows a place in the document, with a caret under it.
pub(crate) fn place(
    report: &mut String,
    lines: &mut Lines<'_>,
    severity: &str,
    message: impl fmt::Display,
    section: &str,
    offset: usize,
) -> fmt::Result {
    lines.go_to(offset);
    let (before, is_cut, after) = lines.around();
    let (before, after) = (visible(&before), visible(&after));
    let Lines { line, column, .. } = lines;
    let shown: String = after.chars().take(CONTEXT).collect();
    let (start, end) = (if is_cut { "…" } else { "" }, if shown.len() < after.len() { "…" } else { "" });
    let indent = start.chars().count() + before.chars().map(width).sum::<usize>();
    writeln!(report, "{severity}: {message} ({section})")?;
    writeln!(report, "  line {line}, column {column}, byte {offset}")?;
    writeln!(report, "  | {start}{before}{shown}{end}")?;
    writeln!(report, "  | {:indent$}^", "")
}

/// Replaces what would not show as one character, or would do something to the terminal.
pub(crate) fn visible(text: &str) -> String {
    let picture = |letter: char| match letter {
        '\t' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + letter as u32).unwrap_or('␀'),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(picture).collect()
}

/// How many columns a letter takes, well enough for a caret.
fn width(letter: char) -> usize {
    match letter as u32 {
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}
