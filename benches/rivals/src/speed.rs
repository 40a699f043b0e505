//! Nanoseconds a frame, each contender on frames of the same kind, taking turns.

use std::hint::black_box;
use std::time::Duration;

use eigenstream_benches::clock::Moment;
use eigenstream_benches::output::Report;
use eigenstream_benches::stats::{SplitMix64, slope};
use eigenstream_benches::table::{Align, Table};
use eigenstream_core::linalg;
use eigenstream_core::track::{DynFapi, FapiBatch, Judgement, SubspaceTracker, TrackerConfig};
use irithyll::anomaly::hst::{HSTConfig, HalfSpaceTree};
use irithyll::preprocessing::CCIPCA;
use irithyll::projection::SubspaceTracker as Past;
use rcf3::Forest;

use crate::SEED;
use crate::peers::Peers;
use crate::rivals::{AMNESTIC, DELTA};

/// Channels and rank of the table.
const SHAPES: [(usize, usize); 4] = [(8, 3), (16, 4), (64, 8), (256, 16)];

/// Channels and rank over which ours must be linear.
const SCALING: [(usize, usize); 7] = [(8, 2), (16, 4), (64, 8), (128, 8), (256, 16), (512, 16), (1024, 32)];

/// The shape that targets are about.
const TARGETED: (usize, usize) = (64, 8);

/// Frames that are used over and over.
const POOL: usize = 1024;

/// Streams that are followed side by side.
const STREAMS: usize = 64;

const MEMORY: f64 = 1000.0;

/// How long, and how often.
#[derive(Clone, Copy)]
struct Effort {
    repetitions: usize,
    slice: Duration,
    python_seconds: f64,
}

/// Frames with r strong directions and noise, in both precisions.
struct Pool {
    single: Vec<f32>,
    double: Vec<f64>,
    n: usize,
}

impl Pool {
    fn new(n: usize, r: usize) -> Self {
        let mut random = SplitMix64::new(SEED);
        // Sums of four uniforms: near enough to normal for a stopwatch.
        let mut normal = || (0..4).map(|_| random.uniform() - 0.5).sum::<f64>() * 3f64.sqrt();
        let directions: Vec<f64> = (0..n * r).map(|_| normal() / (n as f64).sqrt()).collect();
        let mut double = Vec::with_capacity(POOL * n);
        for _ in 0..POOL {
            let signals: Vec<f64> = (0..r).map(|_| 3.0 * normal()).collect();
            for row in directions.chunks_exact(r) {
                let signal: f64 = row.iter().zip(&signals).map(|(d, s)| d * s).sum();
                double.push(signal + 0.1 * normal());
            }
        }
        Self { single: double.iter().map(|&x| x as f32).collect(), double, n }
    }
}

/// Someone who takes in frames of the pool, one a call.
type Step<'a> = Box<dyn FnMut(usize) + 'a>;

struct Contender<'a> {
    key: String,
    name: String,
    /// Nanoseconds a frame, one figure a repetition.
    figures: Vec<f64>,
    timer: Timer<'a>,
}

enum Timer<'a> {
    Rust { step: Step<'a>, at: usize, batch: usize, frames: usize },
    Python { peer: &'static str, batch: usize },
}

impl<'a> Contender<'a> {
    fn rust(key: &str, name: &str, step: Step<'a>) -> Self {
        Self::many(key, name, 1, step)
    }

    /// Someone who takes in that many frames a call.
    fn many(key: &str, name: &str, frames: usize, mut step: Step<'a>) -> Self {
        // Settles caches, forests, trackers and branch predictors, and finds how many calls a slice holds at least.
        let start = Moment::now();
        let mut at = 0;
        while at < 1000 || (start.elapsed() < Duration::from_millis(20) && at < 20_000) {
            step(at % POOL);
            at += 1;
        }
        let per_call = start.elapsed() / at as u32;
        let batch = (Duration::from_micros(200).as_nanos() / per_call.as_nanos().max(1)).max(1) as usize;
        let timer = Timer::Rust { step, at, batch, frames };
        Self { key: key.into(), name: name.into(), figures: Vec::new(), timer }
    }

    fn python(key: &str, name: &str, peer: &'static str, batch: usize) -> Self {
        let timer = Timer::Python { peer, batch };
        Self { key: key.into(), name: name.into(), figures: Vec::new(), timer }
    }

    /// One repetition. A peer that fails has one figure less, and stderr says so.
    fn turn(&mut self, peers: Option<&mut Peers>, n: usize, r: usize, effort: Effort) {
        match &mut self.timer {
            Timer::Rust { step, at, batch, frames } => {
                let (start, mut count) = (Moment::now(), 0);
                while start.elapsed() < effort.slice {
                    for _ in 0..*batch {
                        step(*at % POOL);
                        *at += 1;
                    }
                    count += *batch;
                }
                self.figures.push(start.elapsed().as_nanos() as f64 / (count * *frames) as f64);
            }
            Timer::Python { peer, batch } => {
                match peers.map(|peers| peers.speed(peer, n, r, *batch, effort.python_seconds)) {
                    Some(Ok(figure)) => self.figures.push(figure),
                    Some(Err(error)) => eprintln!("rivals: {}: {error}", self.name),
                    None => {}
                }
            }
        }
    }

    /// Least, median and greatest figure.
    fn spread(&self) -> Option<[f64; 3]> {
        let mut sorted = self.figures.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        Some([*sorted.first()?, sorted[sorted.len() / 2], *sorted.last()?])
    }
}

fn ours<'a>(pool: &'a Pool, r: usize) -> Step<'a> {
    let n = pool.n;
    let config = TrackerConfig { rank: r, memory_frames: MEMORY as f32, ..Default::default() };
    let mut tracker = DynFapi::new(n, &config).expect("a valid shape");
    let mut residual = vec![0.0; n];
    Box::new(move |t| {
        black_box(tracker.process(&pool.single[t * n..(t + 1) * n], &mut residual));
    })
}

/// A frame of each of [`STREAMS`] streams a call: of stream `s` frame t + s of the pool.
fn ours_side_by_side<'a>(pool: &'a Pool, r: usize) -> Step<'a> {
    let n = pool.n;
    let config = TrackerConfig { rank: r, memory_frames: MEMORY as f32, ..Default::default() };
    let mut batch = FapiBatch::new(STREAMS, n, &config).expect("a valid shape");
    let mut frames = pool.single.clone();
    frames.extend_from_within(..STREAMS * n);
    let mut out = [Judgement::unjudged(0); STREAMS];
    Box::new(move |t| {
        batch.process(&frames[t * n..(t + STREAMS) * n], &mut out);
        black_box(&out);
    })
}

/// Scalar products of length n with r columns, as in y = Wᵀx: n·r multiply–adds a call.
fn products<'a>(pool: &'a Pool, r: usize, dot: fn(&[f32], &[f32]) -> f32) -> Step<'a> {
    let n = pool.n;
    Box::new(move |t| {
        let x = &pool.single[t * n..(t + 1) * n];
        for column in pool.single[..n * r].chunks_exact(n) {
            black_box(dot(black_box(x), column));
        }
    })
}

/// The sum in index order, which no compiler may reorder.
fn naive(x: &[f32], y: &[f32]) -> f32 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn contenders<'a>(pool: &'a Pool, r: usize, peers: Option<&Peers>) -> Vec<Contender<'a>> {
    let n = pool.n;
    let x = move |t: usize| &pool.double[t * n..(t + 1) * n];
    let mut past = Past::new(n, r, 1.0 - 1.0 / MEMORY, DELTA, 42);
    let mut ccipca = CCIPCA::with_amnestic(r, AMNESTIC);
    let mut forest = Forest::builder(n).seed(SEED).build().expect("a valid shape");
    let mut trees = HalfSpaceTree::new(HSTConfig::new(n));
    let mut all = vec![
        Contender::rust("eigenstream", "**eigenstream** Fapi, f32, judge + learn", ours(pool, r)),
        Contender::rust("dot", "floor: r dot products of length n, ours", products(pool, r, linalg::dot)),
        Contender::rust("naive_dot", "floor: the same, summed in index order", products(pool, r, naive)),
        Contender::many(
            "batch",
            "**eigenstream** FapiBatch, f32, 64 streams side by side",
            STREAMS,
            ours_side_by_side(pool, r),
        ),
        Contender::rust("past", "irithyll PAST, f64, update", Box::new(move |t| past.update(x(t), 0.0))),
        Contender::rust("ccipca", "irithyll CCIPCA, f64, update", Box::new(move |t| ccipca.update(x(t)))),
        Contender::rust(
            "rcf3",
            "rcf3 Forest, f32, update_and_score",
            Box::new(move |t| {
                black_box(forest.update_and_score(&pool.single[t * n..(t + 1) * n]).expect("finite frames"));
            }),
        ),
        Contender::rust(
            "hst",
            "irithyll HalfSpaceTree, f64, score + update",
            Box::new(move |t| {
                black_box(trees.score(x(t)));
                trees.update(x(t));
            }),
        ),
    ];
    let has = |package| peers.is_some_and(|peers| peers.version(package).is_some());
    if has("sklearn") {
        let name = "scikit-learn IncrementalPCA, f32, ";
        all.push(Contender::python("sklearn_1", &format!("{name}1 frame a call"), "sklearn_ipca", 1));
        all.push(Contender::python("sklearn_r", &format!("{name}r frames a call"), "sklearn_ipca", r));
    }
    if has("river") {
        all.push(Contender::python("river", "River HalfSpaceTrees, score + learn", "river_hst", 1));
    }
    if has("pysad") {
        all.push(Contender::python("xstream", "PySAD xStream, fit_score_partial", "pysad_xstream", 1));
    }
    // Its speed only, and that of small shapes: it takes milliseconds a frame, the detection tables would take hours.
    if has("pysad") && has("rrcf") && n <= 8 {
        all.push(Contender::python(
            "rrcf",
            "PySAD RobustRandomCutForest, fit_score_partial",
            "pysad_rrcf",
            1,
        ));
    }
    all
}

/// Multiply–adds of ours on one whole frame, counted from the recursion: Wᵀx, x − Wy, W·p and W + d·gᵀ are n·r each. Of r² there are
/// three, Sᵀy of the judgement, S·f of the gain and a rank-one update of the root S, and every fourth frame two more, which leak. Terms in n and r alone and the scaling of S are left out. To be counted again when the recursion changes.
fn multiply_adds(n: usize, r: usize) -> f64 {
    4.0 * (n * r) as f64 + 3.5 * (r * r) as f64
}

/// Adds the tables to the report.
pub(crate) fn measure(report: &mut Report, peers: &mut Option<Peers>, quick: bool) {
    let effort = if quick {
        Effort { repetitions: 5, slice: Duration::from_millis(8), python_seconds: 0.05 }
    } else {
        Effort { repetitions: 15, slice: Duration::from_millis(20), python_seconds: 0.2 }
    };
    report.condition("speed repetitions", effort.repetitions);
    report.markdown(
        "## Speed: nanoseconds a frame\n\nMedian of repetitions in which the contenders take turns, least and greatest in brackets; one \
         thread; frames with r strong directions. Not available: linfa-reduction 0.8.1 (batch PCA only) and \
         ferrolearn-decomp 0.5.0 (IncrementalPCA; builds on Rust 1.95 but links the system's OpenBLAS). Multiply–adds \
         of ours: 4nr + 3.5r², counted from the recursion without the terms in n and r alone.",
    );
    for (n, r) in SHAPES {
        let pool = Pool::new(n, r);
        let mut all = contenders(&pool, r, peers.as_ref());
        for _ in 0..effort.repetitions {
            all.iter_mut().for_each(|contender| contender.turn(peers.as_mut(), n, r, effort));
        }
        let share = shape(report, &all, n, r);
        if (n, r) == TARGETED {
            targets(report, &all, share);
        }
    }
    scaling(report, effort);
}

/// The table of one shape; and the rate of multiply–adds that ours reaches as a share of that of a dot product.
fn shape(report: &mut Report, all: &[Contender], n: usize, r: usize) -> f64 {
    let columns = ["ns a frame", "ratio to ours", "multiply–adds a ns"].map(|name| (name, Align::Right));
    let mut table = Table::new(&[&[("contender", Align::Left)][..], &columns].concat());
    let ours = all[0].spread().map_or(f64::NAN, |[_, median, _]| median);
    let mut rates = [f64::NAN; 2];
    for (i, contender) in all.iter().enumerate() {
        let Some([least, median, greatest]) = contender.spread() else {
            table.row([contender.name.as_str(), "not available", "–", "–"]);
            continue;
        };
        let prefix = format!("speed.{n}x{r}.{}", contender.key);
        report.figure(&format!("{prefix}.ns"), median);
        report.figure(&format!("{prefix}.ratio"), median / ours);
        // What is counted for the rivals depends on how they are written: rates are shown for ours and the floor only.
        let work = [multiply_adds(n, r), (n * r) as f64, (n * r) as f64].get(i).copied();
        if i < 2 {
            rates[i] = work.unwrap_or(f64::NAN) / median;
        }
        table.row([
            contender.name.clone(),
            format!("{median:.0} ({least:.0} – {greatest:.0})"),
            format!("{:.2}", median / ours),
            work.map_or("–".into(), |work| format!("{:.2}", work / median)),
        ]);
    }
    let share = rates[0] / rates[1];
    report.figure(&format!("speed.{n}x{r}.share_of_dot_rate"), share);
    report.markdown(format_args!(
        "### n = {n}, r = {r}: {:.0} % of the multiply–add rate of a dot product",
        100.0 * share
    ));
    report.markdown(table);
    share
}

/// What was aimed at, beside what was measured.
fn targets(report: &mut Report, all: &[Contender], share: f64) {
    let median =
        |key| all.iter().find(|c| c.key == key).and_then(Contender::spread).map(|[_, median, _]| median);
    let Some(ours) = median("eigenstream") else { return };
    let mut table = Table::new(&["target", "measured", ""].map(|name| (name, Align::Left)));
    let mut line = |name: &str, measured: f64, least: f64, unit: &str| {
        let verdict = if measured >= least { "met" } else { "missed" };
        table.row([format!("{name} ≥ {least}{unit}"), format!("{measured:.1}{unit}"), verdict.into()]);
    };
    line("multiply–add rate of a dot product", 100.0 * share, 50.0, " %");
    for (key, name, least) in
        [("past", "irithyll PAST", 8.0), ("sklearn_1", "scikit-learn partial_fit", 100.0)]
    {
        let Some(theirs) = median(key) else { continue };
        line(&format!("time of {name}"), theirs / ours, least, " times ours");
        if let Some(batch) = median("batch") {
            line(&format!("time of {name}"), theirs / batch, least, " times ours, side by side");
        }
    }
    report.markdown(table);
    if let Some(past) = median("past") {
        report.markdown(format_args!(
            "If all multiply–adds of ours ran at the rate of the dot product, PAST would take {:.1} times as long as ours.",
            past / (ours * share)
        ));
    }
}

/// Ours over shapes: nanoseconds per n·r, and the exponent of a power law through them.
fn scaling(report: &mut Report, effort: Effort) {
    let pools = SCALING.map(|(n, r)| Pool::new(n, r));
    let mut all: Vec<Contender> =
        pools.iter().zip(SCALING).map(|(pool, (_, r))| Contender::rust("", "", ours(pool, r))).collect();
    for _ in 0..effort.repetitions {
        all.iter_mut().zip(SCALING).for_each(|(contender, (n, r))| contender.turn(None, n, r, effort));
    }
    let columns = ["n", "r", "ns a frame", "ns per n·r"].map(|name| (name, Align::Right));
    let (mut table, mut points) = (Table::new(&columns), Vec::new());
    for (contender, (n, r)) in all.iter().zip(SCALING) {
        let Some([_, median, _]) = contender.spread() else { continue };
        let per_entry = median / (n * r) as f64;
        report.figure(&format!("scaling.{n}x{r}.ns_per_nr"), per_entry);
        points.push((((n * r) as f64).ln(), median.ln()));
        table.row([n.to_string(), r.to_string(), format!("{median:.0}"), format!("{per_entry:.3}")]);
    }
    let exponent = slope(&points);
    report.figure("scaling.exponent", exponent);
    report.markdown(format_args!(
        "### Ours over shapes: ns ∝ (n·r)^{exponent:.2} (least squares of the logarithms; linear is 1)"
    ));
    report.markdown(table);
}
