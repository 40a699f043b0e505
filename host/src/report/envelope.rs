//! A stream of unknown length in a fixed number of bins.
//!
//! Every bin covers the same number of frames, a power of two. When the last bin is full, neighbours merge pairwise
//! and the width doubles: between half of the bins and all of them are in use, whatever the length of the stream.
//! Merging loses nothing that a bin stands for: the minimum over a merged bin is the exact minimum over its frames.

/// What a bin remembers of its frames.
pub(crate) trait Merge: Clone + Default {
    /// Takes in the bin that follows in time. `Self::default()` is a bin without frames and changes nothing.
    fn merge(&mut self, later: &Self);
}

/// Bins of equal width over the frames of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Bins<T> {
    capacity: usize,
    shift: u32,
    cells: Vec<T>,
}

impl<T: Merge> Bins<T> {
    /// At most `capacity` bins, rounded up to an even number that is at least 2 so that pairs always merge fully.
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(2).next_multiple_of(2);
        Self { capacity, shift: 0, cells: Vec::new() }
    }

    /// The bin of frame `index`; makes room for it first. Frames may come in any order.
    /// Amortised cost: O(1) when the index grows steadily; a jump ahead costs at most `capacity` · 64 steps.
    pub(crate) fn cell(&mut self, index: u64) -> &mut T {
        while index >> self.shift >= self.capacity as u64 {
            self.double();
        }
        let bin = (index >> self.shift) as usize;
        if bin >= self.cells.len() {
            self.cells.resize(bin + 1, T::default());
        }
        &mut self.cells[bin]
    }

    /// Doubles the width until it is at least `width` frames, so that two series share their bins.
    pub(crate) fn widen(&mut self, width: u64) {
        while self.width() < width {
            self.double();
        }
    }

    /// Frames in a bin.
    pub(crate) fn width(&self) -> u64 {
        1 << self.shift
    }

    /// The bins in use, in order of time.
    pub(crate) fn cells(&self) -> &[T] {
        &self.cells
    }

    fn double(&mut self) {
        let half = self.cells.len().div_ceil(2);
        for bin in 0..half {
            let mut merged = self.cells[2 * bin].clone();
            if let Some(later) = self.cells.get(2 * bin + 1) {
                merged.merge(later);
            }
            self.cells[bin] = merged;
        }
        self.cells.truncate(half);
        self.shift += 1;
    }
}

/// Smallest and largest sample of a bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    /// Smallest finite sample, NaN if there is none.
    pub(crate) min: f32,
    /// Largest finite sample, NaN if there is none.
    pub(crate) max: f32,
    /// At least one sample was missing (or not finite, which cannot be drawn either).
    pub(crate) gap: bool,
}

impl Default for Range {
    fn default() -> Self {
        Self { min: f32::NAN, max: f32::NAN, gap: false }
    }
}

impl Range {
    /// Takes in one sample.
    pub(crate) fn add(&mut self, sample: f32) {
        if sample.is_finite() {
            // `f32::min` gives the other operand when one is NaN, which makes NaN the neutral element here.
            self.min = self.min.min(sample);
            self.max = self.max.max(sample);
        } else {
            self.gap = true;
        }
    }
}

impl Merge for Range {
    fn merge(&mut self, later: &Self) {
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.gap |= later.gap;
    }
}

/// Time of the first frame of a bin, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct StartTime(pub(crate) Option<f64>);

impl Merge for StartTime {
    fn merge(&mut self, later: &Self) {
        self.0 = self.0.or(later.0);
    }
}

/// What the detector said about the frames of a bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdicts {
    /// Farthest over the limit in dB, NaN if that is not known.
    pub(crate) over: f32,
    /// Smallest p-value, NaN if there is none.
    pub(crate) p_value: f32,
    /// There was at least one verdict.
    pub(crate) seen: bool,
    /// At least one of a detector that had learned what is usual.
    pub(crate) settled: bool,
    /// At least one frame was in alarm.
    pub(crate) alarm: bool,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self { over: f32::NAN, p_value: f32::NAN, seen: false, settled: false, alarm: false }
    }
}

impl Verdicts {
    /// The frames were judged while the detector was still learning.
    pub(crate) fn warming_up(&self) -> bool {
        self.seen && !self.settled
    }
}

impl Merge for Verdicts {
    fn merge(&mut self, later: &Self) {
        self.over = self.over.max(later.over);
        self.p_value = self.p_value.min(later.p_value);
        self.seen |= later.seen;
        self.settled |= later.settled;
        self.alarm |= later.alarm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> impl Strategy<Value = f32> {
        prop_oneof![8 => -1e6f32..1e6, 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)]
    }

    fn envelope(samples: &[f32], capacity: usize) -> Bins<Range> {
        let mut bins = Bins::<Range>::new(capacity);
        for (index, &x) in samples.iter().enumerate() {
            bins.cell(index as u64).add(x);
        }
        bins
    }

    /// The same by definition: minimum and maximum of each chunk.
    fn brute(samples: &[f32], width: usize) -> Vec<Range> {
        let finite = |chunk: &[f32]| chunk.iter().copied().filter(|x| x.is_finite()).collect::<Vec<_>>();
        samples
            .chunks(width)
            .map(|chunk| Range {
                min: finite(chunk).into_iter().reduce(f32::min).unwrap_or(f32::NAN),
                max: finite(chunk).into_iter().reduce(f32::max).unwrap_or(f32::NAN),
                gap: chunk.iter().any(|x| !x.is_finite()),
            })
            .collect()
    }

    fn same(a: &Range, b: &Range) -> bool {
        a.min.to_bits() == b.min.to_bits() && a.max.to_bits() == b.max.to_bits() && a.gap == b.gap
    }

    proptest! {
        #[test]
        fn bins_hold_the_exact_extremes(
            samples in prop::collection::vec(sample(), 0..700),
            capacity in 0usize..40,
        ) {
            let bins = envelope(&samples, capacity);
            let expected = brute(&samples, bins.width() as usize);
            prop_assert_eq!(bins.cells().len(), expected.len());
            for (got, want) in bins.cells().iter().zip(&expected) {
                prop_assert!(same(got, want), "{:?} is not {:?}", got, want);
            }
        }

        #[test]
        fn between_half_of_the_bins_and_all_are_used(frames in 1usize..5000, half in 1usize..60) {
            let capacity = 2 * half;
            let bins = envelope(&vec![0.0; frames], capacity);
            prop_assert!(bins.cells().len() <= capacity);
            prop_assert!(bins.width() == 1 || bins.cells().len() > capacity / 2);
        }
    }

    #[test]
    fn the_width_doubles_with_the_first_frame_that_does_not_fit() {
        let widths: Vec<u64> = (1..=17).map(|n| envelope(&vec![0.0; n], 4).width()).collect();
        assert_eq!(widths, [1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 8]);
    }

    #[test]
    fn a_bin_without_samples_is_nan_and_a_bin_with_some_keeps_them() {
        let bins = envelope(&[f32::NAN, f32::NAN, 3.0, f32::NAN, 5.0, -1.0], 4);
        let [empty, partial, full] = bins.cells() else { panic!("three bins of two frames") };
        assert!(empty.min.is_nan() && empty.max.is_nan() && empty.gap);
        assert_eq!(*partial, Range { min: 3.0, max: 3.0, gap: true });
        assert_eq!(*full, Range { min: -1.0, max: 5.0, gap: false });
    }

    #[test]
    fn late_frames_find_their_bin_and_series_can_be_aligned() {
        let mut verdicts = Bins::<Verdicts>::new(4);
        for index in [5u64, 0, 1] {
            let cell = verdicts.cell(index);
            cell.seen = true;
            cell.over = cell.over.max(index as f32);
        }
        verdicts.widen(4);
        assert_eq!(verdicts.width(), 4);
        let scores: Vec<f32> = verdicts.cells().iter().map(|v| v.over).collect();
        assert_eq!(scores, [1.0, 5.0]);
        assert!(verdicts.cells()[0].warming_up(), "none was settled");
    }

    #[test]
    fn a_merged_bin_starts_where_its_first_frame_does() {
        let mut times = Bins::<StartTime>::new(2);
        for index in 0..5u64 {
            let cell = times.cell(index);
            cell.0 = cell.0.or(Some(10.0 * index as f64));
        }
        assert_eq!(times.cells(), [StartTime(Some(0.0)), StartTime(Some(40.0))]);
    }

    #[test]
    fn an_index_at_the_end_of_u64_is_no_overflow() {
        let mut bins = Bins::<Range>::new(2);
        bins.cell(0).add(1.0);
        bins.cell(u64::MAX).add(2.0);
        assert_eq!(bins.cells().len(), 2);
    }
}
