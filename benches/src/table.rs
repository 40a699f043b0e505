//! Markdown tables whose source reads well too.

use std::fmt;

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table; `Display` prints it as Markdown with padded columns.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<String>,
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    #[must_use]
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let header = columns.iter().map(|(name, _)| escape(name)).collect();
        Self { header, align: columns.iter().map(|&(_, align)| align).collect(), rows: Vec::new() }
    }

    /// Appends a row.
    ///
    /// # Panics
    /// If it has not one cell a column.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let row: Vec<String> = cells.into_iter().map(|cell| escape(cell.as_ref())).collect();
        assert_eq!(row.len(), self.header.len(), "one cell a column");
        self.rows.push(row);
    }

    fn widths(&self) -> Vec<usize> {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        // Three is what a rule needs, `--:`.
        let width =
            |column: usize| lines().map(|line| line[column].chars().count()).max().unwrap_or(0).max(3);
        (0..self.header.len()).map(width).collect()
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, cells: &[String], widths: &[usize]) -> fmt::Result {
        for ((cell, &width), align) in cells.iter().zip(widths).zip(&self.align) {
            match align {
                Align::Left => write!(f, "| {cell:<width$} ")?,
                Align::Right => write!(f, "| {cell:>width$} ")?,
            }
        }
        writeln!(f, "|")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        self.line(f, &self.header, &widths)?;
        for (&width, align) in widths.iter().zip(&self.align) {
            match align {
                Align::Left => write!(f, "| {:-<width$} ", "")?,
                Align::Right => write!(f, "| {:-<1$}: ", "", width - 1)?,
            }
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| self.line(f, row, &widths))
    }
}

/// A bar inside a cell would end it.
fn escape(cell: &str) -> String {
    cell.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_padded_and_bars_escaped() {
        let mut table = Table::new(&[("detector", Align::Left), ("n", Align::Right)]);
        table.row(["|x − mean|", "7"]);
        let expected = "| detector     |   n |\n| ------------ | --: |\n| \\|x − mean\\| |   7 |\n";
        assert_eq!(table.to_string(), expected);
    }
}
