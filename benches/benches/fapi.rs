//! One tracker update (judge and learn), beside a plain nalgebra statement of the same recursion in `f32`, and beside the floor: dot
//! products of as many multiply–adds.
//!
//! Throughput is in multiply–adds of the recursion: 4·n·r for W, e and y, 4·r² for the inverse.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eigenstream_core::linalg;
use eigenstream_core::track::{DynFapi, Fapi, SubspaceTracker, TrackerConfig};
use nalgebra::{DMatrix, DVector};

const FRAMES: usize = 256;

/// A frame of noise after another, uniform in ±½ with a common wave.
fn frames(n: usize) -> Vec<f32> {
    let mut state = 7u64;
    (0..FRAMES * n)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5 + ((i / n) as f32 * 0.1).sin()
        })
        .collect()
}

fn config(rank: usize) -> TrackerConfig {
    TrackerConfig { rank, memory_frames: 1000.0, ..Default::default() }
}

/// Multiply–adds of one update: y, Wy, W·p and the outer product; Sᵀy, Sf, and the update of S.
fn multiply_adds(n: usize, r: usize) -> u64 {
    (4 * n * r + 4 * r * r) as u64
}

/// The same recursion (symmetric Z) as one would write it with nalgebra: clear, in `f32`, with a temporary for each expression.
struct Plain {
    w: DMatrix<f32>,
    z: DMatrix<f32>,
    mean: DVector<f32>,
}

impl Plain {
    fn new(n: usize, r: usize) -> Self {
        Self { w: DMatrix::identity(n, r), z: DMatrix::identity(r, r), mean: DVector::zeros(n) }
    }

    fn update(&mut self, frame: &[f32]) -> f32 {
        let frame = DVector::from_column_slice(frame);
        let x = &frame - &self.mean;
        let y = self.w.transpose() * &x;
        let e = &x - &self.w * &y;
        let h = &self.z * &y;
        let gain = 1.0 / (0.999 + y.dot(&h));
        let g = &h * gain;
        let (energy, gamma) = (e.norm_squared(), g.norm_squared());
        let s = (1.0 + energy * gamma).sqrt();
        self.z = (&self.z - &h * h.transpose() * gain) / 0.999;
        let direction = &e / s - &self.w * (&g * (energy / (s * (s + 1.0))));
        self.w += direction * g.transpose();
        self.mean += (&frame - &self.mean) * 0.001;
        energy
    }
}

fn run<T: SubspaceTracker>(tracker: &mut T, data: &[f32], residual: &mut [f32]) -> f32 {
    data.chunks_exact(residual.len()).map(|x| tracker.process(x, residual).q).sum()
}

fn shape<const N: usize, const R: usize>(c: &mut Criterion) {
    let mut group = c.benchmark_group("fapi");
    group.throughput(Throughput::Elements(FRAMES as u64 * multiply_adds(N, R)));
    let data = frames(N);
    let (id, mut residual) = (format!("{N}x{R}"), vec![0.0; N]);

    // Boxed: the state of a large shape is larger than what a stack should hold.
    let mut fixed = Box::new(Fapi::<N, R>::new(&config(R)).unwrap());
    group.bench_function(BenchmarkId::new("static", &id), |b| {
        b.iter(|| run(&mut *fixed, black_box(&data), &mut residual));
    });
    let mut dynamic = DynFapi::new(N, &config(R)).unwrap();
    group.bench_function(BenchmarkId::new("dynamic", &id), |b| {
        b.iter(|| run(&mut dynamic, black_box(&data), &mut residual));
    });
    let mut plain = Plain::new(N, R);
    group.bench_function(BenchmarkId::new("nalgebra", &id), |b| {
        b.iter(|| black_box(&data).chunks_exact(N).map(|x| plain.update(x)).sum::<f32>());
    });
    // As many multiply–adds, in dot products of n entries.
    let dots = multiply_adds(N, R) as usize / N;
    let columns = frames(dots.div_ceil(FRAMES).max(1) * N);
    group.bench_function(BenchmarkId::new("dot products", &id), |b| {
        b.iter(|| {
            let mut sum = 0.0;
            for x in black_box(&data).chunks_exact(N) {
                sum += columns.chunks_exact(N).take(dots).map(|w| linalg::dot(w, black_box(x))).sum::<f32>();
            }
            sum
        });
    });
    group.finish();
}

fn shapes(c: &mut Criterion) {
    shape::<8, 3>(c);
    shape::<16, 4>(c);
    shape::<64, 8>(c);
    shape::<256, 16>(c);
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(std::time::Duration::from_millis(300)).measurement_time(std::time::Duration::from_secs(1));
    targets = shapes
}
criterion_main!(benches);
