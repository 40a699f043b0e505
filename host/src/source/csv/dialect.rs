//! Which characters separate and quote the cells, told from the first lines.

use super::{cell, time};

/// What lies between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// One such byte.
    Byte(u8),
    /// Any number of blanks and tabs.
    Blanks,
}

impl Delimiter {
    /// A delimiter the user gave; a blank stands for runs of blanks.
    pub(super) fn given(byte: u8) -> Self {
        if byte == b' ' { Self::Blanks } else { Self::Byte(byte) }
    }

    /// As people write it.
    pub(super) fn words(self) -> String {
        match self {
            Self::Byte(b'\t') => "tab".into(),
            Self::Byte(b) => format!("'{}'", char::from(b)),
            Self::Blanks => "blanks".into(),
        }
    }
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: Delimiter,
    /// The quote, if the first lines show one; without it a stray quote cannot swallow lines.
    pub(super) quote: Option<u8>,
    /// True if the first line is the `sep=;` that some spreadsheets write.
    pub(super) sep_line: bool,
}

/// Delimiters tried, in order of preference where they fit equally well. The comma comes after those that
/// leave room for a decimal comma.
const CANDIDATES: [Delimiter; 5] = [
    Delimiter::Byte(b'\t'),
    Delimiter::Byte(b';'),
    Delimiter::Byte(b'|'),
    Delimiter::Byte(b','),
    Delimiter::Blanks,
];

/// Lines looked at.
const LINES: usize = 64;

/// Lines that are neither blank nor comments.
pub(super) fn data_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&b| b == b'\n' || b == b'\r').filter(|line| !line.trim_ascii().is_empty() && line[0] != b'#')
}

/// Finds the dialect of `head`; `given` is a delimiter the user insists on. `whole`: no bytes follow.
pub(super) fn detect(head: &[u8], whole: bool, given: Option<u8>) -> Dialect {
    let mut lines: Vec<&[u8]> = data_lines(head).take(LINES + 1).collect();
    if !whole && lines.len() > 1 && lines.len() <= LINES {
        // The last line may be cut off.
        lines.pop();
    }
    let sep = lines.first().and_then(|line| match line.trim_ascii() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', byte] => Some(*byte),
        b"sep=" => Some(b'\t'),
        _ => None,
    });
    if sep.is_some() {
        lines.remove(0);
    }
    let quote = quote(&lines);
    let delimiter = match given.or(sep) {
        Some(byte) => Delimiter::given(byte),
        None => delimiter(&lines, quote.unwrap_or(b'"')),
    };
    Dialect { delimiter, quote, sep_line: sep.is_some() }
}

/// `"` if there is one at all, else `'` if some cell stands between two of them.
fn quote(lines: &[&[u8]]) -> Option<u8> {
    if lines.iter().any(|line| line.contains(&b'"')) {
        return Some(b'"');
    }
    let edge = |b: u8| matches!(b, b',' | b';' | b'\t' | b'|' | b' ');
    let quoted = lines.iter().any(|line| {
        let line = line.trim_ascii();
        let opens = line.starts_with(b"'") || line.windows(2).any(|w| edge(w[0]) && w[1] == b'\'');
        let closes = line.ends_with(b"'") || line.windows(2).any(|w| w[0] == b'\'' && edge(w[1]));
        opens && closes && line.iter().filter(|&&b| b == b'\'').count() % 2 == 0
    });
    quoted.then_some(b'\'')
}

/// The candidate under which most lines have the same number of cells, and most cells below the first line
/// are numbers or times. A table of one column fits none of them; any delimiter does then.
fn delimiter(lines: &[&[u8]], quote: u8) -> Delimiter {
    let mut best = (0.0, Delimiter::Byte(b','));
    for candidate in CANDIDATES {
        let fit = fit(lines, candidate, quote);
        if fit > best.0 {
            best = (fit, candidate);
        }
    }
    best.1
}

fn fit(lines: &[&[u8]], delimiter: Delimiter, quote: u8) -> f64 {
    let counts: Vec<usize> = lines.iter().map(|line| split(line, delimiter, quote).len()).collect();
    let Some(width) = most_common(&counts).filter(|&n| n > 1) else { return 0.0 };
    let same = counts.iter().filter(|&&n| n == width).count() as f64 / counts.len() as f64;
    let comma = delimiter != Delimiter::Byte(b',');
    // The first line may be a header and tells nothing about the cells.
    let (mut known, mut all) = (0_usize, 0_usize);
    for line in lines.iter().skip(1) {
        for cell in split(line, delimiter, quote) {
            all += 1;
            known += usize::from(cell::parse(cell, comma) != cell::Cell::Text || time::stamp(cell).is_some());
        }
    }
    // Half of the weight stays with the shape, so that tables of mostly text are still split.
    same * if all == 0 { 1.0 } else { 0.5 + 0.5 * known as f64 / all as f64 }
}

/// The number that occurs most often; of several, the greatest.
pub(super) fn most_common(counts: &[usize]) -> Option<usize> {
    let times = |n: usize| counts.iter().filter(|&&m| m == n).count();
    counts.iter().copied().max_by_key(|&n| (times(n), n))
}

/// Cells of one line, good enough to count and to look at; the CSV parser does the real splitting.
pub(super) fn split(line: &[u8], delimiter: Delimiter, quote: u8) -> Vec<&[u8]> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (i, &b) in line.iter().enumerate() {
        quoted ^= b == quote;
        let ends = match delimiter {
            Delimiter::Byte(byte) => b == byte,
            Delimiter::Blanks => b == b' ' || b == b'\t',
        };
        if ends && !quoted {
            cells.push(&line[start..i]);
            start = i + 1;
        }
    }
    cells.push(&line[start..]);
    if delimiter == Delimiter::Blanks {
        cells.retain(|cell| !cell.is_empty());
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Dialect {
        detect(text.as_bytes(), true, None)
    }

    #[test]
    fn delimiters() {
        for (text, words) in [
            ("a,b\n1,2\n3,4\n", "','"),
            ("a;b\n1;2\n", "';'"),
            ("a;b\n1,5;2,5\n3,5;4\n", "';'"),
            ("a\tb\n1,5\t2,5\n", "tab"),
            ("a|b\n1|2\n", "'|'"),
            ("  1.0   2.0\n 10.0  20.0\n", "blanks"),
            ("time a b\n2020-03-09T10:00:00 1 2\n2020-03-09T10:00:01 1 2\n", "blanks"),
            ("time,a b,c\n2020-03-09 16:16:30,1,2\n2020-03-09 16:16:31,1,2\n", "','"),
            ("datetime;a\n2020-03-09 16:16:30;1.5\n", "';'"),
            ("a, b, c\n1, 2, 3\n", "','"),
            ("value\n1\n2\n", "','"),
            ("\"a;x\",\"b;y\"\n1,2\n", "','"),
        ] {
            assert_eq!(of(text).delimiter.words(), words, "{text}");
        }
    }

    #[test]
    fn a_few_ragged_lines_do_not_mislead() {
        assert_eq!(of("a;b;c\n1;2;3\n1;2\n1;2;3;4\n1;2;3\n").delimiter, Delimiter::Byte(b';'));
    }

    #[test]
    fn quotes() {
        assert_eq!(of("\"a\",\"b\"\n1,2\n").quote, Some(b'"'));
        assert_eq!(of("'a','b'\n1,2\n").quote, Some(b'\''));
        assert_eq!(of("a,b\n1,2\n").quote, None);
        assert_eq!(of("it's,b\n1,2\n").quote, None);
    }

    #[test]
    fn separator_line_of_spreadsheets() {
        let dialect = of("sep=;\na;b\n1;2\n");
        assert!(dialect.sep_line);
        assert_eq!(dialect.delimiter, Delimiter::Byte(b';'));
    }
}
