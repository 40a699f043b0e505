//! Two sets of points compared from a program: is there a shift, in which features, which points explain it.
//!
//! `cargo run --release -p eigenstream --example compare`

use eigenstream::compare::{CompareError, Config, Feature, Points, compare};

/// Uniform numbers in −1 … 1 from a linear congruential generator (Knuth, MMIX).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn main() -> Result<(), CompareError> {
    let names = [("pressure", "bar"), ("flow", "l/min"), ("temperature", "°C")];
    let features: Vec<Feature> =
        names.map(|(name, unit)| Feature { name: name.into(), unit: unit.into() }).into();
    // 300 points a side; every fifth point of the file sits at an unusual temperature.
    let mut noise = Noise(1);
    let mut side = |name: &str, faulty: bool| {
        let row = |k: usize| {
            let temperature =
                if faulty && k.is_multiple_of(5) { 1.2 + 0.1 * noise.next() } else { noise.next() };
            [3.0 + 0.1 * noise.next(), 20.0 + noise.next(), 60.0 + temperature]
        };
        let values: Vec<f32> = (0..300).flat_map(row).collect();
        Points::from_rows(name, features.clone(), &values)
    };
    let (before, after) = (side("before", false), side("after", true));

    let found = compare(&before, &after, &Config::default(), &|_, _| {})?;
    println!("shift: {} (p = {:.3})", found.shift, found.p_value);
    for chosen in &found.subset {
        println!("in {} (gain {:.2}, p = {:.3})", chosen.feature, chosen.gain, chosen.p_value);
    }
    let odd: Vec<usize> = found.samples.iter().filter(|s| s.side == 1 && s.over).map(|s| s.index).collect();
    println!("{} points of the file explain it, the first ones {:?}", odd.len(), &odd[..odd.len().min(5)]);
    if let Some(e) = &found.equalised {
        println!("without it: {:.0} % of the file, p = {:.2}", 100.0 * e.kept[1], e.test.p_value);
    }
    Ok(())
}
