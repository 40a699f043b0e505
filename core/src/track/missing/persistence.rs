//! How much of one frame is left in the next.

/// A regression coefficient from frame to frame, E(ab)/E(a²), weighted as the tracker weighs frames.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Persistence {
    pub(super) product: f32,
    pub(super) energy: f32,
}

impl Persistence {
    pub(super) const NONE: Self = Self { product: 0.0, energy: 0.0 };

    /// 0 … 1: an estimate beyond 1 is a stream that wanders, a negative one is no persistence.
    pub(super) fn coefficient(&self) -> f32 {
        let ratio = self.product / self.energy;
        if ratio > 0.0 { ratio.min(1.0) } else { 0.0 }
    }

    pub(super) fn learn(&mut self, gain: f32, product: f32, energy: f32) {
        let next = Self {
            product: self.product + gain * (product - self.product),
            energy: self.energy + gain * (energy - self.energy),
        };
        if (next.product + next.energy).is_finite() {
            *self = next;
        }
    }
}

/// How much smaller the innovation of the coordinates is than that of the residual, each relative to its variance: (1 − ψ²)/(1 − φ²), 1 … 1000. A
/// residual that persists more than the coordinates do is drift, which the coordinates may follow.
pub(super) fn quiet(phi: f32, psi: f32) -> f32 {
    ((1.0 - psi * psi) / (1.0 - phi * phi).max(1e-3)).max(1.0)
}
