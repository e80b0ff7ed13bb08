use std::time::Duration;

use waypost_time::Instant;

/// A moment of the world; nothing happens between two.
pub(crate) type Tick = u8;

/// The time between two ticks.
const TICK: Duration = Duration::from_secs(600);
/// How long a registration lasts: so many ticks and a half, so that it makes no difference that ages are rounded.
pub(crate) const LIFETIME_TICKS: Tick = 1;
pub(crate) const LIFETIME: Duration = Duration::from_secs(900);
/// How much longer a removal is remembered, and how late answers may be, all together.
pub(crate) const GUARD_TICKS: Tick = 1;
pub(crate) const GUARD: Duration = TICK;
/// How long an expired registration is kept.
pub(crate) const KEPT: Duration = TICK;

pub(crate) fn instant(tick: Tick) -> Instant {
    Instant::ZERO + TICK * u32::from(tick)
}
