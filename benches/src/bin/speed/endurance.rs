//! A thousand million frames: the basis stays orthonormal, the variances stay where `f64` has them, the process stays as large.

use eigenstream_benches::clock::Moment;
use eigenstream_benches::data::Result;
use eigenstream_benches::output::Report;
use eigenstream_benches::stats;
use eigenstream_benches::table::{Align, Table};
use eigenstream_core::linalg;
use eigenstream_core::track::{Fapi, SubspaceTracker, TrackerConfig};

use crate::contenders::frames;

/// The flag that asks for it.
pub(crate) const FLAG: &str = "--long";

const N: usize = 8;
const R: usize = 3;
const MEMORY: f64 = 1000.0;

/// Frames that are used over and over: 65 memories.
const POOL: usize = 1 << 16;

/// Samples of a run. Before each, `f64` runs beside for twenty memories, after which e⁻²⁰ of its start is left.
const SAMPLES: u64 = 40;
const WINDOW: u64 = 20_000;

/// Largest |WᵀW − I|, and largest relative change of a variance over that of `f64`, from the first to the last quarter of the samples.
const ORTHONORMAL: f64 = 1e-5;
const DRIFT: f64 = 1e-4;

/// Runs and reports.
///
/// # Errors
/// If a bound is exceeded.
pub(crate) fn run(report: &mut Report, quick: bool) -> Result<()> {
    let total: u64 = if quick { 10_000_000 } else { 1_000_000_000 };
    let pool = frames(N, R, POOL, 1);
    let config = TrackerConfig { rank: R, memory_frames: MEMORY as f32, ..Default::default() };
    let mut tracker = Fapi::<N, R>::new(&config).map_err(|error| format!("{error:?}"))?;
    let mut residual = [0.0; N];
    let frame = |t: u64| {
        let at = (t % POOL as u64) as usize * N;
        &pool[at..at + N]
    };
    let (mut error, mut ratios) = (0.0_f64, Vec::new());
    let (before, start) = (resident(), Moment::now());
    for sample in 0..SAMPLES {
        let (from, to) = (total / SAMPLES * sample, total / SAMPLES * (sample + 1));
        for t in from..to - WINDOW {
            tracker.process(frame(t), &mut residual);
            if t % 1000 == 0 {
                error = error.max(orthonormality(tracker.basis()));
            }
        }
        let mut wide = Wide::new();
        for t in to - WINDOW..to {
            tracker.process(frame(t), &mut residual);
            wide.learn(frame(t));
            error = error.max(orthonormality(tracker.basis()));
        }
        let (ours, theirs) = (variances(&tracker)?, wide.variances()?);
        ratios.push([0, 1, 2].map(|k| f64::from(ours[k]) / f64::from(theirs[k])));
    }
    let (seconds, after) = (start.elapsed().as_secs_f64(), resident());
    print(report, total, seconds, error, &ratios, before.zip(after));
    let drift = (0..R).map(|k| drift(&ratios, k)).fold(0.0, f64::max);
    if error > ORTHONORMAL || drift > DRIFT || tracker.frames() != total as u32 {
        return Err(
            format!("‖WᵀW − I‖ = {error:e} or drift {drift:e} is too large, or it started again").into()
        );
    }
    Ok(())
}

fn print(
    report: &mut Report,
    total: u64,
    seconds: f64,
    error: f64,
    ratios: &[[f64; R]],
    resident: Option<(u64, u64)>,
) {
    report.condition("frames", total);
    report.condition("shape", "8 channels, rank 3, memory 1,000 frames");
    let columns =
        [("of 8 channels, rank 3", Align::Left), ("measured", Align::Right), ("bound", Align::Right)];
    let mut table = Table::new(&columns);
    let mut line = |key: &str, name: String, value: f64, bound: &str| {
        report.figure(&format!("long.{key}"), value);
        table.row([name, format!("{value:.3e}"), bound.to_owned()]);
    };
    line(
        "orthonormality",
        "largest |WᵀW − I| (each thousandth frame, and in the windows)".into(),
        error,
        "1e-5",
    );
    for k in 0..R {
        let off = ratios.iter().map(|ratio| (ratio[k] - 1.0).abs()).fold(0.0, f64::max);
        line(&format!("variance_{k}"), format!("largest |λ/λ₆₄ − 1|, axis {k}"), off, "–");
        line(
            &format!("drift_{k}"),
            format!("its change, first to last quarter, axis {k}"),
            drift(ratios, k),
            "1e-4",
        );
    }
    line("ns", "nanoseconds a frame, f64 and checks included".into(), 1e9 * seconds / total as f64, "–");
    if let Some((before, after)) = resident {
        line(
            "resident_growth",
            "growth of the resident set, bytes".into(),
            after as f64 - before as f64,
            "–",
        );
    }
    report.markdown(table);
    report.markdown(format_args!(
        "{total} frames; λ₆₄ is the same recursion written plainly in f64, started anew twenty memories before each of {SAMPLES} samples."
    ));
}

/// |Mean ratio of the last quarter − that of the first|.
fn drift(ratios: &[[f64; R]], k: usize) -> f64 {
    let quarter = (ratios.len() / 4).max(1);
    let mean = |part: &[[f64; R]]| stats::mean(&part.iter().map(|ratio| ratio[k]).collect::<Vec<_>>());
    (mean(&ratios[ratios.len() - quarter..]) - mean(&ratios[..quarter])).abs()
}

/// Bytes of the process in memory, where the system tells.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    statm.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}

/// max |WᵀW − I| in f64.
fn orthonormality(w: &[f32]) -> f64 {
    let column = |k: usize| w[k * N..(k + 1) * N].iter().map(|&w| f64::from(w));
    let mut worst = 0.0_f64;
    for j in 0..R {
        for k in 0..=j {
            let product: f64 = column(j).zip(column(k)).map(|(a, b)| a * b).sum();
            worst = worst.max((product - f64::from(u8::from(j == k))).abs());
        }
    }
    worst
}

fn variances(tracker: &impl SubspaceTracker) -> Result<[f32; R]> {
    let (mut axes, mut variances, mut work) = ([0.0; N * R], [0.0; R], [0.0; 3 * R * R]);
    let ok = tracker.principal_axes(&mut axes, &mut variances, &mut work);
    if ok { Ok(variances) } else { Err("a degenerate covariance".into()) }
}

/// The recursion with a symmetric Z as the paper's table has it, in `f64`, without anything that `f32` needs.
struct Wide {
    w: [[f64; N]; R],
    z: [[f64; R]; R],
    mean: [f64; N],
    weight: f64,
    frames: f64,
}

impl Wide {
    fn new() -> Self {
        let mut start = [0.0; N * R];
        linalg::cosine_basis(&mut start, N);
        let w = std::array::from_fn(|k| std::array::from_fn(|i| f64::from(start[k * N + i])));
        let z = std::array::from_fn(|j| std::array::from_fn(|k| f64::from(u8::from(j == k))));
        Self { w, z, mean: [0.0; N], weight: 0.0, frames: 0.0 }
    }

    fn learn(&mut self, frame: &[f32]) {
        let beta = 1.0 - 1.0 / MEMORY;
        let x: [f64; N] = std::array::from_fn(|i| f64::from(frame[i]) - self.mean[i]);
        self.frames += 1.0;
        if self.frames > 1.0 {
            let y: [f64; R] = self.w.map(|w| inner(&w, &x));
            let e: [f64; N] =
                std::array::from_fn(|i| x[i] - (0..R).map(|k| self.w[k][i] * y[k]).sum::<f64>());
            let h: [f64; R] = self.z.map(|z| inner(&z, &y));
            let gain = 1.0 / (beta + inner(&y, &h));
            let g = h.map(|h| gain * h);
            let (energy, gamma) = (inner(&e, &e), inner(&g, &g));
            let s = (1.0 + energy * gamma).sqrt();
            let tau = energy / (s * (s + 1.0));
            let d: [f64; N] =
                std::array::from_fn(|i| e[i] / s - tau * (0..R).map(|k| self.w[k][i] * g[k]).sum::<f64>());
            for j in 0..R {
                (0..N).for_each(|i| self.w[j][i] += g[j] * d[i]);
                (0..R).for_each(|k| self.z[j][k] = (self.z[j][k] - gain * h[j] * h[k]) / beta);
            }
            self.weight = beta * self.weight + 1.0;
        }
        let gain = (1.0 / self.frames).max(1.0 / MEMORY);
        self.mean.iter_mut().zip(frame).for_each(|(mean, &x)| *mean += gain * (f64::from(x) - *mean));
    }

    /// The eigenvalues of (weight·Z)⁻¹, descending. (Z is rounded to `f32` for them, by 6·10⁻⁸.)
    fn variances(&self) -> Result<[f32; R]> {
        let mut z: [f32; R * R] = std::array::from_fn(|i| (self.weight * self.z[i / R][i % R]) as f32);
        let (mut vectors, mut values) = ([0.0; R * R], [0.0; R]);
        if !linalg::symmetric_eigen(&mut z, &mut vectors, &mut values) {
            return Err("a degenerate covariance in f64".into());
        }
        values.reverse();
        Ok(values.map(|value| 1.0 / value))
    }
}

fn inner<const K: usize>(a: &[f64; K], b: &[f64; K]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
