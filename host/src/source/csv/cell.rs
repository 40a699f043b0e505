//! One cell: a number, a mark for "missing", or text.

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// A finite number.
    Value(f32),
    /// Empty, or one of the marks people write for a missing sample.
    Missing,
    /// Infinity in words, or a number that does not fit `f32`.
    Infinite,
    /// Anything else.
    Text,
}

/// Longest number written with a decimal comma; longer ones are text.
const LONGEST: usize = 64;

/// Reads a cell. `comma` allows a decimal comma beside the decimal point. No allocation.
pub(super) fn parse(cell: &[u8], comma: bool) -> Cell {
    let cell = bare(cell);
    if cell.is_empty() {
        return Cell::Missing;
    }
    if let Some(value) = number(cell) {
        return classify(value);
    }
    if is_missing(cell) {
        return Cell::Missing;
    }
    if comma && let Some(value) = comma_number(cell) {
        return classify(value);
    }
    Cell::Text
}

/// The cell without blanks around it, nor quotes that the reader left on (quoting is only on if the first rows show it).
pub(super) fn bare(cell: &[u8]) -> &[u8] {
    match cell.trim_ascii() {
        [b'"', inner @ .., b'"'] => inner.trim_ascii(),
        cell => cell,
    }
}

/// True if the cell is a number only when its comma is read as a decimal point.
pub(super) fn needs_comma(cell: &[u8]) -> bool {
    let cell = bare(cell);
    number(cell).is_none() && comma_number(cell).is_some()
}

/// True if the cell is a number written with a decimal point.
pub(super) fn has_point(cell: &[u8]) -> bool {
    let cell = bare(cell);
    cell.contains(&b'.') && number(cell).is_some()
}

/// True for digits with both commas and points, such as `1.234,5`.
pub(super) fn has_thousands(cell: &[u8]) -> bool {
    let cell = bare(cell);
    let mark = |b: &u8| matches!(b, b',' | b'.');
    cell.contains(&b',')
        && cell.contains(&b'.')
        && cell.iter().all(|b| b.is_ascii_digit() || mark(b) || *b == b'-')
}

fn number(cell: &[u8]) -> Option<f32> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

fn comma_number(cell: &[u8]) -> Option<f32> {
    let mut copy = [0_u8; LONGEST];
    let copy = copy.get_mut(..cell.len())?;
    copy.copy_from_slice(cell);
    let at = copy.iter().position(|&b| b == b',')?;
    if copy.contains(&b'.') {
        return None;
    }
    copy[at] = b'.';
    number(copy)
}

fn classify(value: f32) -> Cell {
    if value.is_finite() {
        Cell::Value(value)
    } else if value.is_nan() {
        Cell::Missing
    } else {
        Cell::Infinite
    }
}

fn is_missing(cell: &[u8]) -> bool {
    const MARKS: [&str; 10] = ["nan", "na", "n/a", "null", "none", "-", "?", "--", "#n/a", "\\n"];
    MARKS.iter().any(|mark| cell.eq_ignore_ascii_case(mark.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value) in [("1", 1.0), (" -2.5e3 ", -2500.0), ("+.5", 0.5), ("\"7\"", 7.0), ("1e-50", 0.0)]
        {
            assert_eq!(parse(text.as_bytes(), false), Cell::Value(value), "{text}");
        }
    }

    #[test]
    fn missing_marks() {
        for text in
            ["", "  ", "NaN", "nan", "-nan", "NA", "N/A", "null", "NULL", "None", "-", "?", "--", "\\N"]
        {
            assert_eq!(parse(text.as_bytes(), false), Cell::Missing, "{text}");
        }
    }

    #[test]
    fn infinities_and_numbers_beyond_f32() {
        for text in ["inf", "-Infinity", "1e39", "-1e400"] {
            assert_eq!(parse(text.as_bytes(), false), Cell::Infinite, "{text}");
        }
    }

    #[test]
    fn a_decimal_comma_only_where_allowed() {
        assert_eq!(parse(b"-1,25", true), Cell::Value(-1.25));
        assert_eq!(parse(b"1,5e2", true), Cell::Value(150.0));
        assert_eq!(parse(b"1,25", false), Cell::Text);
        // Thousands separators are not guessed at.
        assert_eq!(parse(b"1.234,5", true), Cell::Text);
        assert_eq!(parse(b"1,234,5", true), Cell::Text);
        assert!(has_thousands(b"-1.234,5") && !has_thousands(b"1.5") && !has_thousands(b"a.b,c"));
        assert!(needs_comma(b"1,5") && !needs_comma(b"1.5") && has_point(b"1.5") && !has_point(b"16.03.20"));
    }

    #[test]
    fn text_and_bytes_that_are_not_text() {
        for text in
            [&b"abc"[..], b"0x10", b"12 V", b"\xff\xfe", b"1_000", b"\"", &[b'1'; 70_000][..0x10], b"\x001"]
        {
            let cell = parse(text, true);
            assert!(matches!(cell, Cell::Text | Cell::Value(_)), "{text:?}: {cell:?}");
        }
        assert_eq!(parse(&[b','; 100], true), Cell::Text);
    }
}
