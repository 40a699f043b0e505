//! Bets are fair: without a change, M grows by 1 a frame on average, however it is played.

use super::Bets;
use crate::shift::normal::Uniform;
use crate::testing::Random;
use nalgebra::Const;

const D: usize = 3;

fn play(bets: &mut Bets<Const<D>>, z: &[f32], uniform: &mut Random) {
    bets.play_joint(z, D as u32);
    bets.play_channels(z);
    (0..D).for_each(|j| bets.play_loss(j, uniform.uniform() as f32));
    bets.settle_loss();
}

#[test]
fn evidence_is_worth_the_time_it_took() {
    // E[M_t] = t. The law of M has a tail like 1/M: 20,000 runs of 3 frames, where the mean still settles.
    let (mut sum, mut squares) = (0.0, 0.0);
    let runs = 20_000;
    for seed in 0..runs {
        let (mut random, mut bets) = (Random::new(seed), Bets::new(Const));
        bets.restart(&mut Uniform::new(seed));
        for _ in 0..3 {
            let z = random.normals(D);
            play(&mut bets, &z, &mut random);
        }
        let m = f64::from(bets.evidence());
        (sum, squares) = (sum + m, squares + m * m);
    }
    let mean = sum / runs as f64;
    let error = ((squares / runs as f64 - mean * mean) / runs as f64).sqrt();
    assert!((mean - 3.0).abs() < 4.0 * error && error < 0.1, "{mean} ± {error}");
}

#[test]
fn every_family_finds_its_change() {
    use super::Family::{ChannelMean, Floor, Loss, Mean, Return, Spike, Variance};
    let wins = |change: &dyn Fn(&mut [f32]), p: f32| {
        let (mut random, mut bets) = (Random::new(5), Bets::<Const<D>>::new(Const));
        bets.restart(&mut Uniform::new(5));
        for t in 0..500 {
            let mut z = random.normals(D);
            if t >= 100 {
                change(&mut z);
            }
            play(&mut bets, &z, &mut random);
            if t >= 100 && !p.is_nan() {
                bets.play_loss(1, p);
                bets.settle_loss();
            }
            if bets.evidence() > 1e5 {
                let winner = bets.winner();
                assert!(t >= 100, "{t}");
                // The frame at which the winner thinks it began.
                let began = t as f32 + 1.0 - winner.wager.age;
                assert!((began - 100.0).abs() < 40.0, "{began} of {t}");
                return winner.family;
            }
        }
        panic!("not found");
    };
    let none = f32::NAN;
    assert!(matches!(wins(&|z| z.iter_mut().for_each(|z| *z += 0.8), none), Mean | ChannelMean));
    assert_eq!(wins(&|z| (z[0], z[1]) = (2.0 * (z[0] + z[1]), 2.0 * (z[0] + z[1])), none), Spike);
    assert_eq!(wins(&|z| z.iter_mut().for_each(|z| *z *= 0.7), none), Floor);
    assert_eq!(wins(&|z| z[2] *= 0.05, none), Variance);
    assert_eq!(wins(&|_| (), 0.0), Loss(1));
    assert_eq!(wins(&|_| (), 1.0), Return(1));
}
