//! What each column is for: time, channel, or left out.

use csv::ByteRecord;

use super::cell::{self, Cell};
use super::clock;
use super::header::Column;
use super::time::{self, Stamp, Tick};
use super::{CsvOptions, TimeChoice};

/// Where the time of a row stands, as positions of columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TimeCells {
    /// Nowhere.
    None,
    /// A number of units of `scale` seconds.
    Number { column: usize, scale: f64 },
    /// A date, a date-time, or a time of day.
    Stamp { column: usize },
    /// A date in one column, the time of day in another.
    Pair { date: usize, time: usize },
}

impl TimeCells {
    /// The column to name in messages.
    fn column(self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Number { column, .. } | Self::Stamp { column } | Self::Pair { date: column, .. } => {
                Some(column)
            }
        }
    }
}

/// What the columns of a table are for.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) time: TimeCells,
    /// Positions of the channels, ascending.
    pub(super) channels: Vec<usize>,
}

/// Why a table cannot be laid out: what is wrong, and what helps.
pub(super) struct Refusal {
    pub(super) problem: String,
    pub(super) fix: String,
}

/// What the cells of a column hold, over the first rows.
#[derive(Clone, Copy, Debug, Default)]
struct Content {
    numbers: usize,
    date_times: usize,
    dates: usize,
    times_of_day: usize,
    text: usize,
    /// Steps between neighbouring numbers: down, and exactly +1.
    down: usize,
    by_one: usize,
    /// Greatest and smallest step.
    steps: Option<(f64, f64)>,
}

impl Content {
    fn of(rows: &[ByteRecord], column: usize, comma: bool) -> Self {
        let mut content = Self::default();
        let mut last: Option<Tick> = None;
        for cell in rows.iter().filter_map(|row| row.get(column)) {
            match cell::parse(cell, comma) {
                Cell::Missing => {}
                Cell::Value(_) | Cell::Infinite => {
                    content.numbers += 1;
                    let tick = time::number(cell, comma);
                    if let (Some(tick), Some(last)) = (tick, last) {
                        content.step(tick.since(last));
                    }
                    last = tick.or(last);
                }
                Cell::Text => match time::stamp(cell) {
                    Some(Stamp::DateTime { .. }) => content.date_times += 1,
                    Some(Stamp::Date(_)) => content.dates += 1,
                    Some(Stamp::TimeOfDay(_)) => content.times_of_day += 1,
                    None => content.text += 1,
                },
            }
        }
        content
    }

    fn step(&mut self, step: f64) {
        self.down += usize::from(step < 0.0);
        self.by_one += usize::from(step == 1.0);
        let (max, min) = self.steps.unwrap_or((step, step));
        self.steps = Some((max.max(step), min.min(step)));
    }

    /// More cells of this kind than of all others together, so that a few damaged rows do not hide a time column.
    fn mostly(&self, count: usize) -> bool {
        2 * count > self.numbers + self.date_times + self.dates + self.times_of_day + self.text
    }

    fn no_numbers(&self) -> bool {
        self.numbers == 0 && self.date_times + self.dates + self.times_of_day + self.text > 0
    }

    fn counts_rows(&self) -> bool {
        self.numbers > 2 && self.by_one + 1 == self.numbers
    }

    /// Rises by the same step within 1 %, as a sampled clock does.
    fn ticks_evenly(&self) -> bool {
        self.numbers > 7 && self.steps.is_some_and(|(max, min)| min > 0.0 && max - min <= 0.01 * max)
    }
}

/// Decides what the columns are for. `named`: the names come from the file. Remarks go to `notes`.
pub(super) fn lay_out(
    columns: &[Column],
    named: bool,
    rows: &[ByteRecord],
    comma: bool,
    options: &CsvOptions,
    notes: &mut Vec<String>,
) -> Result<Layout, Refusal> {
    let mut left_out = vec![false; columns.len()];
    for wanted in &options.ignore {
        left_out[find(columns, wanted, "--ignore")?] = true;
    }
    let contents: Vec<Content> = (0..columns.len()).map(|i| Content::of(rows, i, comma)).collect();
    let table = Table { columns, named, rows, comma, contents: &contents };

    let time = match &options.time {
        TimeChoice::None => TimeCells::None,
        TimeChoice::Column(wanted) => table.time_in(find(columns, wanted, "the time column")?)?,
        TimeChoice::Auto => table.find_time(&left_out),
    };
    if let Some(column) = time.column()
        && clock::falls(time, rows, comma)
    {
        let name = &columns[column].name;
        return Err(Refusal {
            problem: format!("time in column `{name}` runs backwards"),
            fix: format!("sort the rows by time, or leave the column out with --ignore '{name}'"),
        });
    }
    match time {
        TimeCells::None => {}
        TimeCells::Number { column, .. } | TimeCells::Stamp { column } => left_out[column] = true,
        TimeCells::Pair { date, time } => (left_out[date], left_out[time]) = (true, true),
    }
    if options.time == TimeChoice::Auto {
        table.pass_over(&mut left_out, time, notes);
    }
    table.refuse_text(&left_out)?;
    let channels: Vec<usize> = (0..columns.len()).filter(|&i| !left_out[i]).collect();
    if channels.is_empty() {
        return Err(Refusal {
            problem: format!("no column is left as a channel; the columns are {}", list(columns)),
            fix: "leave out fewer of them".into(),
        });
    }
    Ok(Layout { time, channels })
}

struct Table<'a> {
    columns: &'a [Column],
    named: bool,
    rows: &'a [ByteRecord],
    comma: bool,
    contents: &'a [Content],
}

impl Table<'_> {
    fn find_time(&self, left_out: &[bool]) -> TimeCells {
        let first =
            |wanted: &dyn Fn(usize) -> bool| (0..self.columns.len()).find(|&i| !left_out[i] && wanted(i));
        let content = |i: usize| &self.contents[i];
        if let Some(column) = first(&|i| content(i).mostly(content(i).date_times)) {
            return TimeCells::Stamp { column };
        }
        let date = first(&|i| content(i).mostly(content(i).dates));
        let time_of_day = first(&|i| content(i).mostly(content(i).times_of_day));
        if let (Some(date), Some(time)) = (date, time_of_day) {
            return TimeCells::Pair { date, time };
        }
        if let Some(column) = first(&|i| self.is_named_clock(i)) {
            return self.number_in(column);
        }
        if let Some(column) = time_of_day.or(date) {
            return TimeCells::Stamp { column };
        }
        let evenly = !self.named && !left_out.first().copied().unwrap_or(true) && {
            let first = content(0);
            self.columns.len() > 1 && first.ticks_evenly() && !first.counts_rows()
        };
        if evenly { TimeCells::Number { column: 0, scale: 1.0 } } else { TimeCells::None }
    }

    /// Time in a column the user named, whatever it looks like.
    fn time_in(&self, column: usize) -> Result<TimeCells, Refusal> {
        let content = &self.contents[column];
        if content.mostly(content.numbers) {
            return Ok(self.number_in(column));
        }
        if content.mostly(content.date_times + content.dates + content.times_of_day) {
            return Ok(TimeCells::Stamp { column });
        }
        Err(Refusal {
            problem: format!("column `{}` holds no times", self.columns[column].name),
            fix: "write them as seconds, as YYYY-MM-DD hh:mm:ss or as RFC 3339".into(),
        })
    }

    fn number_in(&self, column: usize) -> TimeCells {
        let named = time::name(&self.columns[column].name, &self.columns[column].unit);
        let first = self.rows.iter().find_map(|row| time::number(row.get(column)?, self.comma));
        let scale =
            named.and_then(|n| n.scale).or_else(|| first.map(time::scale_by_magnitude)).unwrap_or(1.0);
        TimeCells::Number { column, scale }
    }

    fn is_named_clock(&self, i: usize) -> bool {
        let content = &self.contents[i];
        self.named
            && content.mostly(content.numbers)
            && time::name(&self.columns[i].name, &self.columns[i].unit).is_some_and(|name| {
                // A short name such as `s` or `t` may be anything, unless it never falls.
                name.strong || (content.down == 0 && content.steps.is_some_and(|(max, _)| max > 0.0))
            })
    }

    fn is_blank(&self, i: usize) -> bool {
        self.rows.iter().all(|row| row.get(i).is_none_or(|cell| cell.trim_ascii().is_empty()))
    }

    /// Leaves out, with a note, what is no sensor: row counters, second clocks, the empty column after a last delimiter.
    fn pass_over(&self, left_out: &mut [bool], time: TimeCells, notes: &mut Vec<String>) {
        let last = self.columns.len().saturating_sub(1);
        let mut dropped = None;
        for (i, column) in self.columns.iter().enumerate() {
            let content = &self.contents[i];
            let stamps = content.date_times + content.dates + content.times_of_day;
            let lower = column.raw.to_lowercase();
            let counter_name =
                ["", "unnamed: 0", "index", "sample", "frame", "row", "#"].contains(&lower.as_str());
            let why = if left_out[i] {
                continue;
            } else if i == 0 && last > 0 && content.counts_rows() && counter_name {
                "counts the rows"
            } else if i == last && last > 0 && column.raw.is_empty() && self.is_blank(i) {
                "has neither name nor content"
            } else if time != TimeCells::None && (content.mostly(stamps) || self.is_named_clock(i)) {
                "is another clock"
            } else {
                continue;
            };
            left_out[i] = true;
            dropped = Some(i);
            notes.push(format!("column `{}` (#{i}) {why}: left out", column.name));
        }
        // A table of nothing but clocks and counters: better a strange channel than none.
        if let Some(i) = dropped
            && left_out.iter().all(|&out| out)
            && time == TimeCells::None
        {
            left_out[i] = false;
            notes.pop();
        }
    }

    fn refuse_text(&self, left_out: &[bool]) -> Result<(), Refusal> {
        let text: Vec<usize> =
            (0..self.columns.len()).filter(|&i| !left_out[i] && self.contents[i].no_numbers()).collect();
        let Some(&first) = text.first() else { return Ok(()) };
        let sample = self.rows.iter().filter_map(|row| row.get(first)).find(|cell| !cell.is_empty());
        let names: Vec<&str> = text.iter().map(|&i| self.columns[i].name.as_str()).collect();
        let position = format!("#{first}");
        let name = self.columns.get(first).map_or(position.as_str(), |c| c.name.as_str());
        Err(Refusal {
            problem: format!(
                "column `{name}` ({position}) holds text, such as `{}`",
                shown(sample.unwrap_or_default())
            ),
            fix: if sample.is_some_and(cell::has_thousands) {
                "write numbers without thousands separators".to_owned()
            } else {
                format!("leave it out with --ignore '{}'", names.join(","))
            },
        })
    }
}

/// Where the time stands, for people.
pub(super) fn told(time: TimeCells, columns: &[Column]) -> Option<String> {
    let name = &columns.get(time.column()?)?.name;
    Some(match time {
        TimeCells::Pair { time, .. } => {
            format!("time from the columns `{name}` and `{}`", columns.get(time)?.name)
        }
        _ => format!("time from the column `{name}`"),
    })
}

/// Text of a cell for a message: short, on one line.
pub(super) fn shown(cell: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = super::header::text(&cell[..cell.len().min(4 * LONGEST)]);
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// The column called `wanted`: `#3`, its name, or its header cell with the unit.
fn find(columns: &[Column], wanted: &str, what: &str) -> Result<usize, Refusal> {
    let wanted = wanted.trim();
    let by_position = || wanted.strip_prefix('#')?.parse().ok().filter(|&i: &usize| i < columns.len());
    columns
        .iter()
        .position(|c| c.name == wanted || (!c.raw.is_empty() && c.raw == wanted))
        .or_else(by_position)
        .ok_or_else(|| Refusal {
            problem: format!("{what}: there is no column `{wanted}`"),
            fix: format!("the columns are {}", list(columns)),
        })
}

fn list(columns: &[Column]) -> String {
    const SHOWN: usize = 40;
    let mut names: Vec<String> =
        columns.iter().take(SHOWN).map(|c| format!("`{}`", shown(c.name.as_bytes()))).collect();
    if columns.len() > SHOWN {
        names.push(format!("… ({} in all)", columns.len()));
    }
    names.join(", ")
}
