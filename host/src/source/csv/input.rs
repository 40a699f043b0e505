//! From a file to plain text bytes: gzip, byte order mark, a bound on the length of a row, runs of blanks.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::{MAX_ROW_BYTES, dialect};

/// A reader of unknown kind; `Send` so that a source can move to another thread.
pub(super) type Bytes = Box<dyn Read + Send>;

/// Bytes looked at to find out what kind of table it is: this many lines, or one row of the greatest length.
const HEAD_LINES: usize = 80;
const HEAD_BYTES: usize = MAX_ROW_BYTES as usize;
const STEP: u64 = 64 << 10;

/// Counts the bytes of the file as they are consumed (before decompression), for the progress bar.
pub(super) struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Counted<R> {
    /// Wraps `inner`; the second value tells how far it has been read.
    pub(super) fn new(inner: R) -> (Self, Arc<AtomicU64>) {
        let count = Arc::new(AtomicU64::new(0));
        (Self { inner, count: Arc::clone(&count) }, count)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The beginning of a table, and the rest of it.
pub(super) struct Opened {
    /// The first bytes, decompressed and without a byte order mark.
    pub(super) head: Vec<u8>,
    /// True if `head` is all there is.
    pub(super) whole: bool,
    /// True if the bytes were compressed.
    pub(super) gzip: bool,
    /// What follows `head`, ending with the error that was met while reading it, if any.
    pub(super) rest: Bytes,
}

/// Decompresses if need be and reads the beginning. An I/O error is kept for later: rows before it still count.
pub(super) fn open(mut raw: Bytes) -> Opened {
    let (magic, failed) = fill(&mut raw, 2);
    let gzip = magic == [0x1f, 0x8b];
    let raw: Bytes = Box::new(Cursor::new(magic).chain(or_failed(raw, failed)));
    let mut text: Bytes = if gzip { Box::new(MultiGzDecoder::new(raw)) } else { raw };

    let mut head = Vec::new();
    let (whole, failed) = loop {
        let before = head.len();
        let (more, failed) = fill(&mut text, STEP);
        head.extend_from_slice(&more);
        if failed.is_some() || head.len() == before {
            break (failed.is_none(), failed);
        }
        // Old Mac files end lines with CR alone; CRLF counts twice, which only makes the head shorter.
        let lines = dialect::data_lines(&head).take(HEAD_LINES).count();
        if head.len() >= HEAD_BYTES || lines >= HEAD_LINES {
            break (false, None);
        }
    };
    if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3);
    }
    Opened { head, whole, gzip, rest: or_failed(text, failed) }
}

/// Up to `n` bytes, and the error that ended them early.
fn fill(reader: &mut Bytes, n: u64) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    let failed = reader.take(n).read_to_end(&mut bytes).err();
    (bytes, failed)
}

fn or_failed(reader: Bytes, failed: Option<io::Error>) -> Bytes {
    match failed {
        Some(error) => Box::new(Failed(Some(error))),
        None => reader,
    }
}

/// Gives an error met earlier at the place where it belongs, because a decoder need not repeat it.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Marks the I/O error that means "no row ended within [`MAX_ROW_BYTES`]".
#[derive(Debug, thiserror::Error)]
#[error("no row ends within {MAX_ROW_BYTES} bytes")]
pub(super) struct RowTooLong;

/// The bytes the CSV parser sees. Refuses to go on when too many are read for one row, so that neither a file
/// without line ends nor an open quote fills the memory; the bound is exact to one buffer of the parser.
pub(super) struct Input {
    inner: Bytes,
    since_row: u64,
    blanks: Option<Blanks>,
}

impl Input {
    /// The bytes as they are.
    pub(super) fn plain(inner: Bytes) -> Self {
        Self { inner, since_row: 0, blanks: None }
    }

    /// Cells are separated by runs of blanks, which reach the parser as one tab each, except within `quote`.
    pub(super) fn blanks(inner: Bytes, quote: Option<u8>) -> Self {
        Self { inner, since_row: 0, blanks: Some(Blanks { quote, ..Blanks::default() }) }
    }

    /// A row has ended: the next one may take its full length.
    pub(super) fn row_ended(&mut self) {
        self.since_row = 0;
    }

    fn read_limited(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row > MAX_ROW_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, RowTooLong));
        }
        let n = self.inner.read(buffer)?;
        self.since_row += n as u64;
        Ok(n)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut blanks) = self.blanks.take() else { return self.read_limited(buffer) };
        let result = loop {
            let n = blanks.give(buffer);
            if n > 0 || buffer.is_empty() {
                break Ok(n);
            }
            match self.read_limited(buffer) {
                Ok(0) => break Ok(0),
                Ok(n) => blanks.take_in(&buffer[..n]),
                Err(error) => break Err(error),
            }
        };
        self.blanks = Some(blanks);
        result
    }
}

/// Turns runs of blanks between cells into one tab, and drops them at both ends of a line.
#[derive(Default)]
struct Blanks {
    quote: Option<u8>,
    out: Vec<u8>,
    given: usize,
    in_cell: bool,
    gap: bool,
    quoted: bool,
}

impl Blanks {
    fn take_in(&mut self, bytes: &[u8]) {
        self.out.clear();
        self.given = 0;
        for &b in bytes {
            match b {
                b' ' | b'\t' if !self.quoted => self.gap = self.in_cell,
                b'\n' | b'\r' => {
                    // A quote left open ends with its line: text with blanks in it must not join rows.
                    (self.in_cell, self.gap, self.quoted) = (false, false, false);
                    self.out.push(b);
                }
                _ => {
                    if self.gap {
                        self.out.push(b'\t');
                    }
                    (self.in_cell, self.gap) = (true, false);
                    self.quoted ^= Some(b) == self.quote;
                    self.out.push(b);
                }
            }
        }
    }

    fn give(&mut self, buffer: &mut [u8]) -> usize {
        let left = self.out.get(self.given..).unwrap_or_default();
        let n = left.len().min(buffer.len());
        buffer[..n].copy_from_slice(&left[..n]);
        self.given += n;
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn text(bytes: &[u8]) -> Opened {
        open(Box::new(Cursor::new(bytes.to_vec())))
    }

    #[test]
    fn byte_order_mark_and_gzip_are_taken_off() {
        let plain = b"\xef\xbb\xbfa,b\n1,2\n";
        assert_eq!(text(plain).head, b"a,b\n1,2\n");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        let opened = text(&encoder.finish().unwrap());
        assert!(opened.gzip && opened.whole);
        assert_eq!(opened.head, b"a,b\n1,2\n");
    }

    #[test]
    fn one_byte_and_no_byte() {
        assert_eq!(text(b"1").head, b"1");
        assert!(text(b"").whole && text(b"").head.is_empty());
    }

    #[test]
    fn blanks_become_one_tab_whatever_the_size_of_the_pieces() {
        let source = b"  1   2\t 3  \r\n\"a b\"  4\n   \n5";
        for size in [1, 2, 3, 7, 64] {
            let mut input = Input::blanks(Box::new(Cursor::new(source.to_vec())), Some(b'"'));
            let (mut all, mut piece) = (Vec::new(), vec![0; size]);
            loop {
                let n = input.read(&mut piece).unwrap();
                if n == 0 {
                    break;
                }
                all.extend_from_slice(&piece[..n]);
            }
            assert_eq!(all, b"1\t2\t3\r\n\"a b\"\t4\n\n5", "pieces of {size}");
        }
    }

    #[test]
    fn a_row_without_end_is_refused() {
        let mut input = Input::plain(Box::new(io::repeat(b'1')));
        let error = io::copy(&mut input, &mut io::sink()).unwrap_err();
        assert!(error.get_ref().is_some_and(|e| e.is::<RowTooLong>()));
    }
}
