//! What a tracker's judgement of one frame means: how unusual it is for this stream ([`Excess`]), what several say together
//! ([`fuse`]), how probable that is ([`Calibration`]), and which frames belong to one happening ([`EventMerger`]).

mod adaptive;
mod calibration;
mod contribution;
mod event;
mod excess;
mod excursion;
mod fusion;
mod limits;
mod special;
mod tail;
mod union;
mod whiteness;

pub use adaptive::AdaptiveLevel;
pub(crate) use calibration::halve;
pub use calibration::{BINS, Calibration};
pub use contribution::{Index, reconstruction_contributions, residual_contributions};
pub use event::{Event, EventMerger, MAX_EVENT_CHANNELS, Share, View};
pub use excess::Excess;
pub use fusion::{Evidence, Fused, fuse};
pub use limits::{
    BoxLimit, EnergyMoments, HotellingLimit, JacksonMudholkar, ProbabilisticPca, effective_frames,
};
pub(crate) use special::{normal_upper, normal_upper_quantile};
pub use union::Union;
pub use whiteness::{LAGS, Whiteness};
