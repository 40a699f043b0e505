//! Instructions an update, by valgrind: this program is run twice under it, with a different number of updates.

use std::process::{Command, ExitCode, Stdio};

use crate::contenders::{Kind, contender};

/// The flag of the counted runs; shape and number of rounds come after it.
pub(crate) const FLAG: &str = "--counted";

/// Runs what is to be counted, if the command line says so: `--counted N R ROUNDS`.
pub(crate) fn run_counted() -> Option<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [flag, n, r, rounds] = arguments.as_slice() else { return None };
    if flag != FLAG {
        return None;
    }
    let (Ok(n), Ok(r), Ok(rounds)) = (n.parse(), r.parse(), rounds.parse::<usize>()) else {
        return Some(ExitCode::from(2));
    };
    let mut contender = contender(Kind::Single, n, r);
    (0..rounds).for_each(|_| (contender.round)());
    Some(ExitCode::SUCCESS)
}

/// Whether valgrind is there and can run this program.
pub(crate) fn available() -> Result<(), String> {
    match count(8, 2, 1) {
        Some(_) => Ok(()),
        None if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok() => {
            Err("valgrind cannot run this build".into())
        }
        None => Err("no valgrind".into()),
    }
}

/// Instructions of an update, or `None` where they cannot be counted.
pub(crate) fn instructions(n: usize, r: usize) -> Option<f64> {
    // From frame 1024 on: the first 800 are weighed with more care.
    let (few, many) = (count(n, r, 4)?, count(n, r, 6)?);
    Some((many - few) / (2.0 * contender(Kind::Single, n, r).updates as f64))
}

fn count(n: usize, r: usize, rounds: usize) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(program);
    command.arg(FLAG).args([n, r, rounds].map(|number| number.to_string()));
    let output = command.stdout(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    let said = String::from_utf8_lossy(&output.stderr);
    // ==123==  I   refs:      1,234,567   (3.19), I refs: (later)
    let line = said.lines().find(|line| line.contains("refs:"))?;
    line.rsplit(':').next()?.replace(',', "").trim().parse().ok()
}
