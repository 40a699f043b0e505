//! The names of the columns: is there a header row, what are the names and units, how wide is the table.

use csv::ByteRecord;

use super::cell::{self, Cell};
use super::{dialect, time};

/// A column of the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// As the file gives it, `ch3` where it gives none. Unique within the table.
    pub(super) name: String,
    /// From `name [unit]` or `name (unit)`; empty if there is none.
    pub(super) unit: String,
    /// The header cell as it stands, for people who copy it from the file.
    pub(super) raw: String,
}

/// True if `first` is a row of names: it has text where the rows below have none.
pub(super) fn is_header(first: &ByteRecord, rows: &[ByteRecord], comma: bool) -> bool {
    let is_text = |cell: &[u8]| cell::parse(cell, comma) == Cell::Text && time::stamp(cell).is_none();
    let is_number = |cell: &[u8]| !is_text(cell) && cell::parse(cell, comma) != Cell::Missing;
    let text: Vec<usize> = (0..first.len()).filter(|&i| is_text(&first[i])).collect();
    if text.is_empty() {
        return false;
    }
    let names_numbers = text.iter().any(|&i| rows.iter().any(|row| row.get(i).is_some_and(is_number)));
    // Columns of text below a row with a number in it: the first row is one of them.
    names_numbers || !first.iter().any(is_number)
}

/// True if the first of the rows below a header is one of units: short texts and blanks, above numbers.
pub(super) fn is_units(rows: &[ByteRecord], comma: bool) -> bool {
    let [first, below @ ..] = rows else { return false };
    let kind = |cell: &[u8]| cell::parse(cell, comma);
    let short = |cell: &[u8]| text(cell).chars().count() <= LONGEST_UNIT && time::stamp(cell).is_none();
    let all_short = first.iter().all(|cell| match kind(cell) {
        Cell::Text => short(cell),
        // An empty cell, or `-`: a number without a unit.
        Cell::Missing => true,
        Cell::Value(_) | Cell::Infinite => false,
    });
    let above_numbers = |i: usize| {
        let numbers =
            below.iter().filter(|row| row.get(i).is_some_and(|c| matches!(kind(c), Cell::Value(_))));
        2 * numbers.count() > below.len()
    };
    // A text of its own in a column of numbers may be one bad cell; a unit stands above every column that has one.
    let mut texts = (0..first.len()).filter(|&i| kind(&first[i]) == Cell::Text).peekable();
    all_short && texts.peek().is_some() && texts.all(above_numbers)
}

/// The columns of a table with this header and row of units, or of one without whose rows are `rows`.
pub(super) fn columns(
    header: Option<&ByteRecord>,
    units: Option<&ByteRecord>,
    rows: &[ByteRecord],
    notes: &mut Vec<String>,
) -> Vec<Column> {
    let lengths: Vec<usize> = rows.iter().map(ByteRecord::len).collect();
    let usual = dialect::most_common(&lengths).unwrap_or(0);
    let mut cells: Vec<String> = match header {
        Some(header) => header.iter().map(text).collect(),
        None => vec![String::new(); usual],
    };
    let last_cell_empty =
        |row: &ByteRecord| row.len() == usual && row.iter().next_back().is_some_and(<[u8]>::is_empty);
    if header.is_some() && usual == cells.len() + 1 && !rows.iter().any(last_cell_empty) {
        // As R's write.table writes it: the column of row names has no header.
        notes.push("the header has one name less than the rows have cells: the first column has none".into());
        cells.insert(0, String::new());
    }
    let mut columns = named(cells);
    for (column, unit) in columns.iter_mut().zip(units.into_iter().flatten()) {
        let unit = text(unit);
        if column.unit.is_empty() && unit != "-" {
            column.unit = unit.trim_start_matches(['[', '(']).trim_end_matches([']', ')']).to_owned();
        }
    }
    columns
}

fn named(cells: Vec<String>) -> Vec<Column> {
    let mut taken = std::collections::HashSet::new();
    let mut columns = Vec::with_capacity(cells.len());
    for (i, raw) in cells.into_iter().enumerate() {
        let (mut name, unit) = split_unit(&raw);
        if name.is_empty() {
            name = format!("ch{i}");
        }
        if !taken.insert(name.clone()) {
            // A position is unique among positions; a suffix of it can only collide with a name made to do so.
            name = format!("{name}_{i}");
            while !taken.insert(name.clone()) {
                name.push('_');
            }
        }
        columns.push(Column { name, unit, raw });
    }
    columns
}

/// A header cell as text: UTF-8, or Latin-1 where it is not. Control characters become blanks.
pub(super) fn text(cell: &[u8]) -> String {
    let cell = cell::bare(cell);
    let text = match std::str::from_utf8(cell) {
        Ok(text) => text.to_owned(),
        Err(_) => cell.iter().map(|&b| char::from(b)).collect(),
    };
    text.replace(char::is_control, " ").trim().to_owned()
}

/// Characters of a unit.
const LONGEST_UNIT: usize = 12;

/// `Pressure [bar]` → `Pressure`, `bar`. Only short brackets at the end are units.
fn split_unit(raw: &str) -> (String, String) {
    for (open, close) in [('[', ']'), ('(', ')')] {
        let Some((name, unit)) = raw.strip_suffix(close).and_then(|r| r.rsplit_once(open)) else { continue };
        let (name, unit) = (name.trim_end(), unit.trim());
        if !name.is_empty() && unit.chars().count() <= LONGEST_UNIT {
            return (name.to_owned(), unit.to_owned());
        }
    }
    (raw.to_owned(), String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(cells: &[&str]) -> ByteRecord {
        ByteRecord::from(cells.to_vec())
    }

    #[test]
    fn header_or_not() {
        let numbers = [record(&["1", "2"]), record(&["3", "nan"])];
        assert!(is_header(&record(&["a", "b"]), &numbers, false));
        assert!(is_header(&record(&["a", "2"]), &numbers, false));
        assert!(is_header(&record(&["a", ""]), &[], false));
        assert!(!is_header(&record(&["1", "-"]), &numbers, false));
        assert!(!is_header(&record(&["2020-01-01", "2"]), &numbers, false));
        // A first column of device names, no header.
        assert!(!is_header(&record(&["pump", "1"]), &[record(&["pump", "2"])], false));
        // A header over a column of text only.
        assert!(is_header(&record(&["device"]), &[record(&["pump"])], false));
    }

    #[test]
    fn units_are_taken_from_names() {
        for (raw, name, unit) in [
            ("Pressure [bar]", "Pressure", "bar"),
            ("temp (°C)", "temp", "°C"),
            ("plain", "plain", ""),
            ("[bar]", "[bar]", ""),
            ("flow (filtered, second sensor)", "flow (filtered, second sensor)", ""),
            ("a (b) [V]", "a (b)", "V"),
        ] {
            assert_eq!(split_unit(raw), (name.to_owned(), unit.to_owned()));
        }
    }

    #[test]
    fn names_are_never_empty_and_unique() {
        let header = record(&["a", "a", "", "a_1", "p [bar]", "p [psi]", "temp (\u{7}C)"]);
        let names: Vec<String> =
            columns(Some(&header), None, &[], &mut Vec::new()).into_iter().map(|c| c.name).collect();
        assert_eq!(names, ["a", "a_1", "ch2", "a_1_3", "p", "p_5", "temp"]);
    }

    #[test]
    fn latin_1_is_read() {
        assert_eq!(text(b"temp (\xb0C)"), "temp (°C)");
    }

    #[test]
    fn a_column_of_row_names_has_no_header() {
        let mut notes = Vec::new();
        let rows = [record(&["r1", "1", "2"]), record(&["r2", "1", "2"])];
        let columns = columns(Some(&record(&["a", "b"])), None, &rows, &mut notes);
        assert_eq!(columns.len(), 3);
        assert_eq!((columns[0].name.as_str(), columns[1].name.as_str()), ("ch0", "a"));
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn a_row_of_units() {
        let rows = |first: &[&str]| [record(first), record(&["1", "2", "x"]), record(&["3", "4", "x"])];
        assert!(is_units(&rows(&["bar", "-", ""]), false));
        assert!(is_units(&rows(&["[bar]", "m/s^2", ""]), false));
        assert!(!is_units(&rows(&["5", "bar", ""]), false), "a number has no unit");
        assert!(!is_units(&rows(&["", "-", ""]), false), "nothing but missing samples");
        assert!(!is_units(&rows(&["bar", "C", "y"]), false), "a text above texts is one of them");
        assert!(!is_units(&rows(&["sensor restarted", "", ""]), false), "too long");
        assert!(!is_units(&[], false));
        let header = record(&["p", "a [g]", "n"]);
        let found = columns(Some(&header), Some(&record(&["[bar]", "m", "-"])), &[], &mut Vec::new());
        let found: Vec<_> = found.into_iter().map(|c| c.unit).collect();
        assert_eq!(found, ["bar", "g", ""]);
    }
}
