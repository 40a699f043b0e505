//! What is compared: points with features, and the places in the recording they stand for.

/// One number of every point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feature {
    /// Name, unique among the features.
    pub name: String,
    /// Physical unit, empty if unknown.
    pub unit: String,
}

/// The stretch of a recording that a point stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// First frame, counted from the beginning of the recording.
    pub frame: u64,
    /// Time of the first frame, in seconds.
    pub from_s: f64,
    /// Time of the end: that of the frame after the last one, as far as it is known, else of the last.
    pub to_s: f64,
}

/// Points of one side, in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// Name of the recording.
    pub name: String,
    features: Vec<Feature>,
    values: Vec<f32>,
    places: Vec<Place>,
}

impl Points {
    /// No points yet, of these features.
    #[must_use]
    pub fn new(name: impl Into<String>, features: Vec<Feature>) -> Self {
        Self { name: name.into(), features, values: Vec::new(), places: Vec::new() }
    }

    /// Points without places, for features that were computed elsewhere: row k is taken as frame k, at k seconds.
    /// `values` holds one row of `features.len()` numbers per point; a last row that is not whole is left out.
    #[must_use]
    pub fn from_rows(name: impl Into<String>, features: Vec<Feature>, values: &[f32]) -> Self {
        let mut points = Self::new(name, features);
        for (k, row) in values.chunks_exact(points.features.len().max(1)).enumerate() {
            points.push(Place { frame: k as u64, from_s: k as f64, to_s: (k + 1) as f64 }, row);
        }
        points
    }

    /// Appends a point. A row of another length than there are features is cut, or filled with NaN.
    pub fn push(&mut self, place: Place, row: &[f32]) {
        let missing = std::iter::repeat(&f32::NAN);
        self.values.extend(row.iter().chain(missing).take(self.features.len()));
        self.places.push(place);
    }

    /// Replaces point `i`, which must be there.
    pub(super) fn replace(&mut self, i: usize, place: Place, row: &[f32]) {
        let width = self.features.len();
        self.values[i * width..(i + 1) * width].copy_from_slice(row);
        self.places[i] = place;
    }

    /// Puts the points in the order of their first frames.
    pub(super) fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&i| self.places[i].frame);
        let values = order.iter().flat_map(|&i| self.row(i).iter().copied()).collect();
        self.places = order.iter().map(|&i| self.places[i]).collect();
        self.values = values;
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The features, in the order of a row.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Where the points lie.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The features of point `i`; NaN is missing.
    ///
    /// # Panics
    /// If there is no such point.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        let width = self.features.len();
        &self.values[i * width..(i + 1) * width]
    }

    /// Feature `f` of all points.
    pub(super) fn column(&self, f: usize) -> impl Iterator<Item = f32> + Clone {
        (0..self.len()).map(move |i| self.row(i)[f])
    }
}
