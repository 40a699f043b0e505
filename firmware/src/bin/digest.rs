//! Runs all trials on the device and prints, as one line of JSON, what came out and what it cost.
#![no_std]
#![no_main]

use core::mem::MaybeUninit;
use core::panic::PanicInfo;

use cortex_m::Peripherals;
use cortex_m::peripheral::SYST;
use cortex_m_rt::entry;
use eigenstream_core::condition::{ChannelCondition, ConditionConfig};
use eigenstream_core::monitor::MonitorOf;
use eigenstream_core::{Alloc, Config, ConfigError, Monitor};
use eigenstream_firmware::frames;
use eigenstream_firmware::meter::{Meter, PaintedStack};
use eigenstream_firmware::smallest::TrackAndScore;
use eigenstream_trial::case::{self, Case};
use eigenstream_trial::{CHANNELS, RANK};
use nalgebra::{DefaultAllocator, Dim};
use semihosting::{eprintln, print, println, process};

/// What building a monitor gives.
type Built<N, R, L, K> = Result<MonitorOf<N, R, L, K>, ConfigError>;

type Full = Monitor<CHANNELS, RANK>;
/// Memory for no window.
type Spatial = Monitor<CHANNELS, RANK, 1, 1>;

#[entry]
fn main() -> ! {
    static mut FULL: MaybeUninit<Full> = MaybeUninit::uninit();
    static mut SPATIAL: MaybeUninit<Spatial> = MaybeUninit::uninit();
    if let Some(bits) = square_roots().find(|&(_, hardware, software)| hardware != software) {
        eprintln!("square root of {:e}: {:08x} by the FPU, {:08x} in software", bits.0, bits.1, bits.2);
        process::exit(1)
    }
    match Peripherals::take().map(|p| measure(p.SYST, FULL, SPATIAL)) {
        Some(Ok(())) => process::exit(0),
        Some(Err(error)) => eprintln!("{error}"),
        None => eprintln!("the peripherals are taken"),
    }
    process::exit(1)
}

/// Numbers of every sign, size and kind, each with the bits of its square root by the FPU and in software.
fn square_roots() -> impl Iterator<Item = (f32, u32, u32)> {
    let special = [0, 0x8000_0000, 1, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000];
    // Odd steps through all bit patterns.
    let spread = (0..200_000_u32).map(|i| i.wrapping_mul(2_654_435_761));
    special.into_iter().chain(spread).map(f32::from_bits).map(|x| {
        let (hardware, software) = (eigenstream_sqrt::sqrt(x), libm::sqrtf(x));
        // Which NaN it is, nobody sees.
        let bits = |root: f32| if root.is_nan() { u32::MAX } else { root.to_bits() };
        (x, bits(hardware), bits(software))
    })
}

fn measure(
    mut timer: SYST,
    full: &mut MaybeUninit<Full>,
    spatial: &mut MaybeUninit<Spatial>,
) -> Result<(), ConfigError> {
    print!("{{\"cases\":[");
    trial(&mut timer, &case::default(), full, Full::new, Full::STATE_BYTES)?;
    print!(",");
    trial(&mut timer, &case::hostile(), full, Full::new, Full::STATE_BYTES)?;
    print!(",");
    trial(&mut timer, &case::spatial(), spatial, Spatial::new, Spatial::STATE_BYTES)?;
    print!("],\"track_and_score\":");
    track_and_score(&mut timer)?;
    println!("}}");
    Ok(())
}

/// One trial with a monitor in static memory.
fn trial<N: Dim, R: Dim, L: Dim, K: Dim>(
    timer: &mut SYST,
    case: &Case,
    memory: &mut MaybeUninit<MonitorOf<N, R, L, K>>,
    new: fn(&Config) -> Built<N, R, L, K>,
    state: usize,
) -> Result<(), ConfigError>
where
    DefaultAllocator: Alloc<N, R> + Alloc<L, K>,
{
    let stack = PaintedStack::new();
    let monitor = memory.write(new(&case.config)?);
    let stack_new = stack.high_water();
    let mut meter = Meter::new(timer);
    let stack = PaintedStack::new();
    let outcome = eigenstream_trial::run(case, monitor, frames(), |monitor, frame| {
        meter.call(|| monitor.process(frame))
    })?;
    print!(
        "{{\"name\":\"{}\",\"digest\":\"{}\",\"alarms\":{},\"events\":{},",
        case.name, outcome.digest, outcome.alarms, outcome.events
    );
    print!("\"state\":{state},\"stack_new\":{stack_new},\"stack\":{},", stack.high_water());
    cost(&meter);
    print!("}}");
    Ok(())
}

/// The spatial view's arithmetic alone: a tracker and the score of what it saw, on frames that are standardised already.
fn track_and_score(timer: &mut SYST) -> Result<(), ConfigError> {
    let mut conditions = [ChannelCondition::new(&ConditionConfig::default()); CHANNELS];
    let mut smallest = TrackAndScore::new()?;
    let mut meter = Meter::new(timer);
    for frame in frames() {
        let mut x = frame;
        for (x, condition) in x.iter_mut().zip(&mut conditions) {
            let relative = condition.update(*x).0;
            *x = condition.standardise(relative);
        }
        meter.call(|| smallest.process(&x));
    }
    print!("{{");
    cost(&meter);
    print!("}}");
    Ok(())
}

fn cost(meter: &Meter) {
    print!("\"mean\":{},\"worst\":{},\"worst_frame\":{}", meter.mean(), meter.worst, meter.worst_call);
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    eprintln!("{info}");
    process::exit(101)
}
