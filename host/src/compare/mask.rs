//! The mask and the weights as a table.

use std::io::{self, Write};

use super::{Comparison, SIDES};

/// Writes one row per point: `side,recording,point,frame,from_s,to_s,score,over,keep,weight`.
///
/// # Errors
/// What `out` says.
pub fn write_mask(comparison: &Comparison, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "side,recording,point,frame,from_s,to_s,score,over,keep,weight")?;
    let names = [&comparison.reference.name, &comparison.file.name].map(|name| quoted(name));
    for s in &comparison.samples {
        let side = SIDES[s.side];
        let (over, keep) = (u8::from(s.over), u8::from(s.keep));
        writeln!(
            out,
            "{side},{},{},{},{},{},{},{over},{keep},{}",
            names[s.side], s.index, s.place.frame, s.place.from_s, s.place.to_s, s.score, s.weight
        )?;
    }
    out.flush()
}

/// A name as a CSV cell (RFC 4180).
fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}
