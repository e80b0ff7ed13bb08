use core::time::Duration;

use waypost_client::Fault;
use waypost_time::{Instant, back_off};

use super::handing_over::HAND_OVER;
use super::{Follower, Phase, Surroundings};
use crate::SyncEvent;

/// When a follower asks on, and how long it leaves its source in peace.
impl Follower {
    /// Asks on at once. A source at which that was in vain more than once is left in peace for a while, longer each time.
    pub(super) fn ask_on(&mut self, surroundings: &mut Surroundings<'_>, is_further: bool) {
        self.count_vain(surroundings, is_further);
        self.ask_after(surroundings, self.vain);
    }

    /// Asks on after everything was compared, or to read it. So is a source at which that began again and again.
    pub(super) fn ask_anew(&mut self, surroundings: &mut Surroundings<'_>, is_further: bool) {
        self.count_vain(surroundings, is_further);
        self.ask_after(surroundings, self.vain.max(self.beginnings.count()));
    }

    fn count_vain(&mut self, surroundings: &mut Surroundings<'_>, is_further: bool) {
        self.vain = if is_further { 0 } else { self.vain.saturating_add(1) };
        if self.vain == IN_VAIN {
            (surroundings.events)(SyncEvent::InVain { source: self.name.clone() });
        }
    }

    /// Asks on at once, or after a pause if it did so too often in a row.
    fn ask_after(&mut self, surroundings: &mut Surroundings<'_>, times: u32) {
        if times < IN_VAIN {
            self.phase = Phase::Due;
            return;
        }
        self.is_in_step = false;
        let limits = &surroundings.config.limits;
        let pause = back_off(limits.retry, limits.retry_max, times - IN_VAIN + 1);
        let pause = surroundings.jitter.stretch(pause);
        self.wait(surroundings.now, pause);
    }

    pub(super) fn fail(&mut self, surroundings: &mut Surroundings<'_>, fault: Fault) {
        self.fail_for(surroundings, fault, Duration::ZERO);
    }

    /// Notes a failure, and asks again after a pause that is not shorter than that.
    pub(super) fn fail_for(&mut self, surroundings: &mut Surroundings<'_>, fault: Fault, least: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.is_in_step = false;
        self.anew = None;
        let limits = &surroundings.config.limits;
        let pause = back_off(limits.retry, limits.retry_max, self.failures).max(least);
        let retry = if self.is_handing_over() { HAND_OVER } else { surroundings.jitter.stretch(pause) };
        self.wait(surroundings.now, retry);
        if !self.is_ending() {
            (surroundings.events)(SyncEvent::Failed { source: self.name.clone(), fault, retry });
        }
    }

    pub(super) fn wait(&mut self, now: Instant, span: Duration) {
        self.phase = Phase::Waiting { until: now + span };
    }
}

/// How often it is asked on at once though it came no further, or began anew: a gap, what was left out, and a beginning anew may
/// follow each other.
const IN_VAIN: u32 = 4;
