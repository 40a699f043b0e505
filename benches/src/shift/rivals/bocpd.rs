//! Bayesian on-line change-point detection (Adams & MacKay, arXiv 0710.3742, 2007), from the paper.

use super::Scalar;

/// Run lengths less likely than this are given up.
const NEGLIGIBLE: f64 = 1e-6;

/// One possible run: its probability, and what it knows of the numbers since.
#[derive(Clone, Copy, Debug)]
struct Run {
    probability: f64,
    n: f64,
    sum: f64,
    squares: f64,
}

/// Gaussian numbers of unknown mean and variance, Normal–Gamma(0, 1, 1, 1) prior, constant hazard 1/250: the documented example of the crate
/// `changepoint` (0.15). It has no alarm of its own; here one is raised when the likeliest run length falls below half of what it was.
#[derive(Clone, Debug)]
pub struct Bocpd {
    runs: Vec<Run>,
    hazard: f64,
    likeliest: f64,
}

impl Default for Bocpd {
    fn default() -> Self {
        let new = Run { probability: 1.0, n: 0.0, sum: 0.0, squares: 0.0 };
        Self { runs: vec![new], hazard: 1.0 / 250.0, likeliest: 0.0 }
    }
}

impl Run {
    /// Density of `x`, but for constants that all runs share: Student's t with 1 + n degrees of freedom.
    fn predictive(&self, x: f64) -> f64 {
        let (precision, freedom) = (1.0 + self.n, 1.0 + self.n);
        let mean = self.sum / precision;
        let scale = 1.0 + self.squares - precision * mean * mean;
        let variance = scale * (precision + 1.0) / (precision * freedom);
        let t2 = (x - mean).powi(2) / variance;
        (ln_gamma(0.5 * (freedom + 1.0))
            - ln_gamma(0.5 * freedom)
            - 0.5 * (freedom * variance).ln()
            - 0.5 * (freedom + 1.0) * (t2 / freedom).ln_1p())
        .exp()
    }
}

/// ln Γ(x) for x > 0: Stirling's series after moving x beyond 7.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 7.0 {
        product *= x;
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - product.ln()
}

impl Scalar for Bocpd {
    fn alarms(&mut self, x: f64) -> bool {
        let mut changed = 0.0;
        for run in &mut self.runs {
            let joint = run.probability * run.predictive(x);
            changed += self.hazard * joint;
            run.probability = (1.0 - self.hazard) * joint;
            (run.n, run.sum, run.squares) = (run.n + 1.0, run.sum + x, run.squares + x * x);
        }
        self.runs.push(Run { probability: changed, n: 0.0, sum: 0.0, squares: 0.0 });
        let total: f64 = self.runs.iter().map(|run| run.probability).sum();
        self.runs.iter_mut().for_each(|run| run.probability /= total);
        self.runs.retain(|run| run.probability > NEGLIGIBLE || run.n == 0.0);
        let best = self.runs.iter().max_by(|a, b| a.probability.total_cmp(&b.probability));
        let likeliest = best.map_or(0.0, |run| run.n);
        let alarm = likeliest < 0.5 * self.likeliest;
        self.likeliest = likeliest;
        alarm
    }
}

#[cfg(test)]
mod tests {
    use super::{Bocpd, Scalar, ln_gamma};
    use crate::shift::streams::Normals;

    #[test]
    fn gamma() {
        for (x, exact) in [(0.5, 0.572_364_942_9), (1.0, 0.0), (5.0, 24f64.ln()), (10.5, 13.940_625_219_4)] {
            assert!((ln_gamma(x) - exact).abs() < 1e-8, "{x}: {}", ln_gamma(x));
        }
    }

    #[test]
    fn the_run_length_grows_and_falls_at_a_change() {
        let (mut random, mut bocpd) = (Normals::new(3), Bocpd::default());
        let early = (0..300).filter(|_| bocpd.alarms(random.normal())).count();
        assert!(early <= 3 && bocpd.likeliest > 100.0, "{early} {}", bocpd.likeliest);
        let delay = (1..100).find(|_| bocpd.alarms(5.0 + random.normal()));
        assert!(delay.is_some_and(|t| t < 10), "{delay:?}");
        let total: f64 = bocpd.runs.iter().map(|run| run.probability).sum();
        assert!((total - 1.0).abs() < 1e-3);
    }
}
