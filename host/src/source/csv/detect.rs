//! From bytes to a parser, its first rows and the columns: everything that is found out before the first frame.

use std::path::Path;

use csv::ByteRecord;

use super::cell;
use super::columns::shown;
use super::dialect::{self, Delimiter, Dialect};
use super::header::{self, Column};
use super::input::{self, Bytes, Input, Opened, RowTooLong};
use super::{CsvOptions, MAX_COLUMNS, MAX_ROW_BYTES};
use crate::source::SourceError;

/// Rows kept to find out what the columns hold, and the memory their cells may take.
const FIRST_ROWS: usize = 64;
const FIRST_BYTES: usize = 4 << 20;
/// Comment lines kept as notes, and how much of each.
const COMMENTS: usize = 20;

/// A table whose first rows have been read.
pub(super) struct Table {
    pub(super) parser: csv::Reader<Input>,
    pub(super) first: Vec<ByteRecord>,
    /// The error that ended the first rows early; it comes after them.
    pub(super) failed: Option<SourceError>,
    pub(super) columns: Vec<Column>,
    /// True if the names of the columns come from the file.
    pub(super) named: bool,
    /// True if numbers may have a decimal comma.
    pub(super) comma: bool,
    pub(super) format: String,
    pub(super) notes: Vec<String>,
}

/// Reads the first rows of `raw` and finds out how it is written.
pub(super) fn table(path: &Path, raw: Bytes, options: &CsvOptions) -> Result<Table, SourceError> {
    let opened = input::open(raw);
    refuse_binary(path, &opened.head)?;
    let mut notes = comments(&opened.head);
    let dialect = dialect::detect(&opened.head, opened.whole, options.delimiter);
    let header_comment = last_comment(&opened.head).map(<[u8]>::to_vec);
    let gzip = opened.gzip;
    let mut parser = parser(opened, dialect);
    let (mut first, failed) = first_rows(path, &mut parser, dialect.sep_line);
    let (comma, comma_seen) = decimal_comma(&first, dialect.delimiter);

    let mut header = None;
    if let [names, below @ ..] = first.as_slice()
        && options.header.unwrap_or_else(|| header::is_header(names, below, comma))
    {
        header = Some(first.remove(0));
    }
    let Some(row) = first.first() else {
        return Err(failed.unwrap_or_else(|| no_rows(path, header.is_some())));
    };
    if header.is_none() && options.header.is_none() {
        header = header_comment.and_then(|line| comment_header(&line, dialect, row.len()));
    }
    let units = header.is_some() && header::is_units(&first, comma);
    let units = units.then(|| first.remove(0));
    let columns = header::columns(header.as_ref(), units.as_ref(), &first, &mut notes);
    if columns.len() > MAX_COLUMNS {
        let problem = format!("{} columns, more than the {MAX_COLUMNS} allowed", columns.len());
        return Err(malformed(path, "", problem, "split the table, or check its delimiter"));
    }
    refuse_torn(path, &first, columns.len(), dialect.delimiter)?;
    let format = ["CSV".to_owned(), dialect.delimiter.words()]
        .into_iter()
        .chain(comma_seen.then(|| "decimal comma".to_owned()))
        .chain(gzip.then(|| "gzip".to_owned()))
        .collect::<Vec<_>>()
        .join(", ");
    Ok(Table { parser, first, failed, columns, named: header.is_some(), comma, format, notes })
}

fn parser(opened: Opened, dialect: Dialect) -> csv::Reader<Input> {
    use std::io::{Cursor, Read};
    let bytes: Bytes = Box::new(Cursor::new(opened.head).chain(opened.rest));
    let (delimiter, input) = match dialect.delimiter {
        Delimiter::Byte(byte) => (byte, Input::plain(bytes)),
        Delimiter::Blanks => (b'\t', Input::blanks(bytes, dialect.quote)),
    };
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(dialect.quote.is_some())
        .quote(dialect.quote.unwrap_or(b'"'))
        .comment(Some(b'#'))
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(64 << 10)
        .from_reader(input)
}

/// Reads one row into `row`; `false` at the end.
pub(super) fn read_row(
    path: &Path,
    parser: &mut csv::Reader<Input>,
    row: &mut ByteRecord,
) -> Result<bool, SourceError> {
    loop {
        // Where the row begins (or the blank lines before it): an error inside may be far below.
        let line = parser.position().line();
        match parser.read_byte_record(row) {
            Ok(more) => {
                parser.get_mut().row_ended();
                if !more || !is_blank(row) {
                    return Ok(more);
                }
            }
            Err(error) => return Err(unreadable(path, format!(":{line}"), error)),
        }
    }
}

/// True for a line of blanks; the parser itself passes over lines without any character, and a quoted nothing is a cell.
fn is_blank(row: &ByteRecord) -> bool {
    row.len() == 1 && !row.as_slice().is_empty() && row.as_slice().trim_ascii().is_empty()
}

fn unreadable(path: &Path, place: String, error: csv::Error) -> SourceError {
    let csv::ErrorKind::Io(error) = error.into_kind() else {
        return malformed(
            path,
            &place,
            "the row cannot be split into cells",
            "check its quotes and delimiters",
        );
    };
    if error.get_ref().is_some_and(|e| e.is::<RowTooLong>()) {
        let problem = format!("the row that begins here does not end within {MAX_ROW_BYTES} bytes");
        return malformed(
            path,
            &place,
            problem,
            "check for a quote that is never closed, or missing line ends",
        );
    }
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => malformed(
            path,
            &place,
            "the compressed file is truncated: it ends within this row",
            "copy the file again; the rows before were read",
        ),
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => malformed(
            path,
            &place,
            format!("the compressed file is damaged here ({error})"),
            "copy the file again; the rows before were read",
        ),
        _ => SourceError::Io { path: path.into(), source: error },
    }
}

fn first_rows(
    path: &Path,
    parser: &mut csv::Reader<Input>,
    mut sep_line: bool,
) -> (Vec<ByteRecord>, Option<SourceError>) {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while rows.len() <= FIRST_ROWS && bytes < FIRST_BYTES {
        let mut row = ByteRecord::new();
        match read_row(path, parser, &mut row) {
            Ok(true) if std::mem::take(&mut sep_line) => {}
            Ok(true) => {
                // A cell costs its end beside its bytes.
                bytes += row.as_slice().len() + 8 * row.len();
                rows.push(row);
            }
            Ok(false) => break,
            Err(error) => return (rows, Some(error)),
        }
    }
    (rows, None)
}

/// Whether a comma may stand for the decimal point: not where it separates cells, nor in a table with points.
/// The second value tells whether one was seen.
fn decimal_comma(rows: &[ByteRecord], delimiter: Delimiter) -> (bool, bool) {
    let count =
        |test: fn(&[u8]) -> bool| rows.iter().flat_map(ByteRecord::iter).filter(|cell| test(cell)).count();
    let (commas, points) = (count(cell::needs_comma), count(cell::has_point));
    let allowed = delimiter != Delimiter::Byte(b',') && commas >= points;
    (allowed, allowed && commas > 0)
}

/// Lines starting with `#` before the first row, without the `#`.
fn comments(head: &[u8]) -> Vec<String> {
    leading_comments(head).take(COMMENTS).map(shown_comment).filter(|note| !note.is_empty()).collect()
}

fn shown_comment(line: &[u8]) -> String {
    const LONGEST: usize = 200;
    header::text(&line[..line.len().min(4 * LONGEST)]).chars().take(LONGEST).collect()
}

fn leading_comments(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|&b| b == b'\n' || b == b'\r')
        .take_while(|line| line.is_empty() || line[0] == b'#')
        .filter_map(|line| line.strip_prefix(b"#"))
}

fn last_comment(head: &[u8]) -> Option<&[u8]> {
    leading_comments(head).last()
}

/// Names in the last comment before the numbers, as numpy's savetxt writes them: as many cells as the first row.
fn comment_header(line: &[u8], dialect: Dialect, width: usize) -> Option<ByteRecord> {
    let quote = dialect.quote.unwrap_or(b'"');
    let cells = dialect::split(line.trim_ascii(), dialect.delimiter, quote);
    // One word above one column may be anything.
    (cells.len() == width && width > 1).then(|| ByteRecord::from(cells))
}

/// Most rows do not fit the header: it is the delimiter that is wrong, and every frame would be.
fn refuse_torn(
    path: &Path,
    rows: &[ByteRecord],
    columns: usize,
    delimiter: Delimiter,
) -> Result<(), SourceError> {
    let torn =
        rows.iter().filter(|row| row.len() != columns && !row.iter().skip(columns).all(<[u8]>::is_empty));
    let torn = torn.count();
    if 2 * torn <= rows.len() {
        return Ok(());
    }
    let (all, words) = (rows.len(), delimiter.words());
    let problem = format!(
        "{torn} of the first {all} rows have more cells than the {columns} columns, parted by {words}"
    );
    Err(malformed(
        path,
        "",
        problem,
        "name the delimiter with --delimiter, and write numbers without thousands separators",
    ))
}

fn no_rows(path: &Path, header: bool) -> SourceError {
    let problem = if header { "no data rows, only a header" } else { "no data rows" };
    malformed(path, "", problem, "record at least one frame, one row of numbers each")
}

/// Refuses what is no text: NUL bytes, or many other control characters.
fn refuse_binary(path: &Path, head: &[u8]) -> Result<(), SourceError> {
    if head.is_empty() {
        return Ok(());
    }
    let fix = "give a CSV table (plain or gzip), a WAV file or a WFDB header";
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        let problem = "the text is UTF-16".to_owned();
        return Err(SourceError::Unsupported { path: path.into(), problem, fix: "save it as UTF-8".into() });
    }
    let control =
        head.iter().filter(|&&b| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)).count();
    if head.contains(&0) || 100 * control > head.len() {
        let problem = format!("binary content of no known kind, beginning with {}", beginning(head));
        return Err(SourceError::Unsupported { path: path.into(), problem, fix: fix.into() });
    }
    Ok(())
}

/// The first bytes as people can look them up.
fn beginning(head: &[u8]) -> String {
    let hex: Vec<String> = head.iter().take(4).map(|b| format!("{b:02x}")).collect();
    format!("{} (`{}`)", hex.join(" "), shown(&head[..head.len().min(4)]))
}

/// A content error at `place` (`:12` or empty).
pub(super) fn malformed(path: &Path, place: &str, problem: impl Into<String>, fix: &str) -> SourceError {
    SourceError::Malformed {
        path: path.into(),
        place: place.into(),
        problem: problem.into(),
        fix: fix.into(),
    }
}
