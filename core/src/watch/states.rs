//! Which alarms are shifts: those between states that last.
//!
//! A detector that has learned half a heart beat finds a change in the other half. That is true, and no shift: on a longer look both halves
//! are one state. So a shift is *settled*, and told, only when the state that it leads to has lasted [`LASTING`] times as long as its
//! warm-up, or the stream has ended. (A state whose blocks depend on each other as far as is known, which may be by chance, must last [`LASTING`] times
//! longer.) When [`MOST_SHORT`] states in a row have not lasted so long, the blocks are too short for this stream: they become
//! longer, and what was found between those states is dropped. They also become longer when a state turns out to depend on its past; a pending shift
//! is then kept only if the state it left was tested long enough, [`TRUSTED`] warm-ups, to say that it did not.

use super::record::Shift;

/// Warm-ups that a lasting state goes on for.
pub(super) const LASTING: u32 = 16;

/// Warm-ups after which a state would have been found dependent if it were.
const TRUSTED: u32 = 2;

/// Short states in a row that tell of blocks too short.
pub(super) const MOST_SHORT: usize = 4;

/// Shifts that wait: those that were kept when the blocks became longer, and those since.
const MOST_PENDING: usize = 2 * MOST_SHORT;

/// States whose numbers are remembered: those that the detector recognises, and the present one.
const NAMED: usize = 5;

/// A shift that has not settled.
#[derive(Clone, Debug, PartialEq)]
struct Pending {
    shift: Shift,
    trusted: bool,
}

/// The states of a stream and the shifts between them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct States {
    /// Shifts between states that have not lasted yet. The last one's report may not be final.
    pending: heapless::Vec<Pending, MOST_PENDING>,
    /// Shifts to be told, in order.
    settled: heapless::Deque<Shift, MOST_PENDING>,
    /// Short states in a row, up to the present one.
    short: usize,
    /// Blocks of the present state, with its warm-up.
    lived: u32,
    lasting: bool,
    /// Numbers of states by what the detector calls them, the newest last.
    named: heapless::Vec<(u32, u32), NAMED>,
    /// The number of the last settled state, and of the next new one.
    present: u32,
    next: u32,
    pub(super) told: u32,
}

impl States {
    pub(super) fn new() -> Self {
        let mut new = Self {
            pending: heapless::Vec::new(),
            settled: heapless::Deque::new(),
            short: 0,
            lived: 0,
            lasting: false,
            named: heapless::Vec::new(),
            present: 0,
            next: 1,
            told: 0,
        };
        new.name(0, 0);
        new
    }

    /// A new state, or blocks of another length.
    pub(super) fn begin(&mut self) {
        (self.lived, self.lasting) = (0, false);
    }

    /// One more block of the present state, whose blocks depend on each other or not, as far as is known.
    pub(super) fn live(&mut self, warm_up: u32, dependent: bool) {
        self.lived = self.lived.saturating_add(1);
        self.lasting |=
            self.lived >= warm_up.saturating_mul(if dependent { LASTING * LASTING } else { LASTING });
    }

    /// Whether the present state is one, and no stretch of one.
    pub(super) fn has_lasted(&self) -> bool {
        self.lasting
    }

    /// Whether dependence that is found now means that the blocks are too short. In a long state some will be found by chance: the test is
    /// made for as many blocks as learning takes.
    pub(super) fn is_young(&self, warm_up: u32) -> bool {
        self.lived < warm_up.saturating_mul(TRUSTED)
    }

    /// An alarm ends the present state. Returns whether the blocks are too short.
    pub(super) fn end(&mut self, warm_up: u32, dependent: bool) -> bool {
        // What was found after the state had lasted counts against it, too.
        let sound = self.lasting && (!dependent || self.lived >= warm_up.saturating_mul(LASTING * LASTING));
        self.short = if sound { 0 } else { self.short + 1 };
        self.short >= MOST_SHORT
    }

    /// A shift with its first report, out of the present state.
    pub(super) fn push(&mut self, shift: Shift, warm_up: u32) {
        let trusted = self.lived >= warm_up.saturating_mul(TRUSTED);
        if self.pending.is_full() {
            self.pending.remove(0);
        }
        let _ = self.pending.push(Pending { shift, trusted });
    }

    /// Better news of the last shift.
    pub(super) fn update(&mut self, shift: &Shift) {
        if let Some(last) = self.pending.last_mut() {
            last.shift.clone_from(shift);
        }
    }

    /// The last shift if its report is final.
    pub(super) fn last_final(&mut self) -> Option<&mut Shift> {
        self.pending.last_mut().map(|pending| &mut pending.shift).filter(|shift| shift.is_final)
    }

    /// The pending shifts are between states of the stream. `entered`: what the detector calls the present one.
    pub(super) fn settle(&mut self, entered: u32) {
        for k in 0..self.pending.len() {
            let after = self.pending.get(k + 1).map_or(entered, |next| next.shift.left_regime);
            let mut shift = self.pending[k].shift.clone();
            let known = shift.returned_to.and_then(|id| self.number(id));
            (shift.left_regime, shift.returned_to) = (self.present, known);
            self.present = known.unwrap_or(self.next);
            self.next += u32::from(known.is_none());
            self.name(after, self.present);
            shift.entered_regime = self.present;
            self.told += 1;
            if self.settled.is_full() {
                self.settled.pop_front();
            }
            let _ = self.settled.push_back(shift);
        }
        self.pending.clear();
    }

    /// The pending shifts were none, but for the trusted ones if these are `kept`; `present` is what the detector calls the state the stream
    /// is in.
    pub(super) fn drop_pending(&mut self, kept: bool, present: u32) {
        self.pending.retain(|pending| kept && pending.trusted);
        self.short = 0;
        if self.pending.is_empty() {
            self.name(present, self.present);
        }
    }

    /// The next settled shift that was not told.
    pub(super) fn tell(&mut self) -> Option<Shift> {
        self.settled.pop_front()
    }

    fn number(&self, id: u32) -> Option<u32> {
        self.named.iter().rev().find(|&&(named, _)| named == id).map(|&(_, number)| number)
    }

    fn name(&mut self, id: u32, number: u32) {
        self.named.retain(|&(named, _)| named != id);
        if self.named.is_full() {
            self.named.remove(0);
        }
        let _ = self.named.push((id, number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shift::Kind;

    fn shift(left: u32, returned_to: Option<u32>) -> Shift {
        Shift {
            alarm_frame: 0,
            onset_frame: 0,
            onset_earliest: 0,
            onset_latest: 0,
            kind: Kind::Mean,
            channels: heapless::Vec::new(),
            nats: 0.0,
            angle_deg: f32::NAN,
            block_frames: 1,
            left_regime: left,
            entered_regime: u32::MAX,
            returned_to,
            is_final: true,
        }
    }

    #[test]
    fn dropped_states_have_no_number() {
        let mut states = States::new();
        // The detector's states 1 to 3 were none; 3 is the first one still.
        [shift(0, None), shift(1, None), shift(2, None)].into_iter().for_each(|s| states.push(s, 10));
        states.drop_pending(false, 3);
        // 3 → 4 → 3 → 5, where 5 leads back to the dropped 1.
        [shift(3, None), shift(4, Some(3)), shift(3, None)].into_iter().for_each(|s| states.push(s, 10));
        states.settle(5);
        states.push(shift(5, Some(1)), 10);
        states.settle(1);
        let told: std::vec::Vec<_> = core::iter::from_fn(|| states.tell())
            .map(|s| (s.left_regime, s.entered_regime, s.returned_to))
            .collect();
        assert_eq!(told, [(0, 1, None), (1, 0, Some(0)), (0, 2, None), (2, 3, None)]);
    }

    #[test]
    fn what_left_a_long_tested_state_is_kept() {
        let mut states = States::new();
        for (left, lived) in [(0, 19), (1, 20), (2, 10)] {
            states.lived = lived;
            states.push(shift(left, None), 10);
        }
        states.drop_pending(true, 3);
        states.settle(3);
        let told: std::vec::Vec<_> =
            core::iter::from_fn(|| states.tell()).map(|s| (s.left_regime, s.entered_regime)).collect();
        assert_eq!(told, [(0, 1)]);
    }

    #[test]
    fn short_states_in_a_row_are_too_many_and_a_lasting_one_ends_the_row() {
        let mut states = States::new();
        let live = |states: &mut States, blocks: u32| {
            states.begin();
            (0..blocks).for_each(|_| states.live(10, false));
            states.end(10, false)
        };
        let lives = [5, 159, 30, 160, 20, 20, 20, 20];
        let ends = lives.map(|blocks| live(&mut states, blocks));
        assert_eq!(ends, [false, false, false, false, false, false, false, true]);
    }
}
