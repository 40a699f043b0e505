//! Streams that change, and how long a detector takes to say so.
//!
//! [`streams`] draws them, [`charts`] measures run lengths of ours on them, [`oracle`] those of the chart that knows the change.

pub mod charts;
pub mod nab;
pub mod oracle;
pub mod real;
pub mod recordings;
pub mod rivals;
pub mod streams;
