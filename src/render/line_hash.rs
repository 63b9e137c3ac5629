//! `primaryLocationLineHash`, as GitHub's uploader computes it, so that an alert keeps its identity over uploads.
//!
//! The hash of a line is that of the 100 UTF-16 units from its beginning on, blanks left out, each end of line one unit;
//! equal hashes are numbered. Source: `src/fingerprints.ts` of github/codeql-action.

use rustc_hash::FxHashMap;

/// How many units one hash covers.
const BLOCK: usize = 100;
const BASE: u64 = 37;
/// Stands behind the end of the text.
const END: u16 = u16::MAX;
const LINE_FEED: u16 = 0x0a;

/// The hash of each line, from the first, with its number.
pub(super) fn of_lines(text: &str) -> Vec<String> {
    let mut lines = Lines {
        window: [0; BLOCK],
        begins: [None; BLOCK],
        at: 0,
        hash: 0,
        first: (0..BLOCK).fold(1, |power: u64, _| power.wrapping_mul(BASE)),
        seen: FxHashMap::default(),
        found: Vec::new(),
    };
    let (mut line, mut starts, mut after_return) = (0, true, false);
    for unit in text.encode_utf16().chain([END]) {
        let is_blank = unit == u16::from(b' ') || unit == u16::from(b'\t');
        if is_blank || after_return && unit == LINE_FEED {
            after_return = false;
            continue;
        }
        after_return = unit == u16::from(b'\r');
        let unit = if after_return { LINE_FEED } else { unit };
        lines.give();
        if starts {
            lines.begins[lines.at] = Some(line);
            line += 1;
        }
        starts = unit == LINE_FEED;
        lines.push(unit);
    }
    for _ in 0..BLOCK {
        lines.give();
        lines.push(0);
    }
    lines.found
}

struct Lines {
    window: [u16; BLOCK],
    /// For each place of the window the line that begins there.
    begins: [Option<usize>; BLOCK],
    at: usize,
    hash: u64,
    /// The weight of the unit that leaves the window.
    first: u64,
    seen: FxHashMap<u64, u32>,
    found: Vec<String>,
}

impl Lines {
    /// The line that began a window ago has its hash now.
    fn give(&mut self) {
        let Some(line) = self.begins[self.at].take() else { return };
        let number = self.seen.entry(self.hash).or_default();
        *number += 1;
        if self.found.len() <= line {
            self.found.resize(line + 1, String::new());
        }
        self.found[line] = format!("{:x}:{number}", self.hash);
    }

    fn push(&mut self, unit: u16) {
        let leaves = std::mem::replace(&mut self.window[self.at], unit);
        let grown = self.hash.wrapping_mul(BASE).wrapping_add(u64::from(unit));
        self.hash = grown.wrapping_sub(self.first.wrapping_mul(u64::from(leaves)));
        self.at = (self.at + 1) % BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::of_lines;

    #[test]
    fn hashes_are_those_of_the_uploader() {
        // From its own tests, `src/fingerprints.test.ts`.
        assert_eq!(of_lines(""), ["c129715d7a2bc9a3:1"]);
        let four = ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"];
        assert_eq!(of_lines(" a\nb\n  \t\tc\n d"), four);
        assert_eq!(of_lines(" a\rb\r\n  \t\tc\r d"), four);
    }
}
