//! What a tracker's judgement of one frame means: how unusual it is for this stream ([`Excess`]), how probable ([`Calibration`]),
//! and which frames belong to one happening ([`EventMerger`]).

mod calibration;
mod event;
mod excess;
mod limits;
mod special;

pub(crate) use special::{normal_upper, normal_upper_quantile};
mod tail;

pub use calibration::{BINS, Calibration};
pub use event::{Event, EventMerger, MAX_EVENT_CHANNELS, Share, View};
pub use excess::Excess;
pub use limits::{
    BoxLimit, EnergyMoments, HotellingLimit, JacksonMudholkar, ProbabilisticPca, effective_frames,
};
