use core::fmt::{self, Write};
use core::time::Duration;

/// Counts how often what took how long, to about three per cent.
///
/// ```
/// use core::time::Duration;
/// use waypost_benches::Histogram;
///
/// let mut histogram = Histogram::default();
/// for micros in 1..=1000 {
///     histogram.add(Duration::from_micros(micros));
/// }
/// let median = histogram.percentile(50.0).as_micros();
/// assert!((485..=515).contains(&median));
/// assert_eq!(histogram.max(), Duration::from_millis(1));
/// ```
#[derive(Debug, Clone)]
pub struct Histogram {
    /// Those of each power of two of nanoseconds, in equal steps.
    counts: Vec<u64>,
    len: u64,
    max: u64,
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[place(nanos)] += 1;
        self.len += 1;
        self.max = self.max.max(nanos);
    }

    /// Adds what another one counted.
    pub fn add_all(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
        self.len += other.len;
        self.max = self.max.max(other.max);
    }

    /// Returns how many were counted.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Tells whether nothing was counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the longest time.
    #[must_use]
    pub const fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// Returns the time that so many per cent do not exceed; zero where nothing was counted.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Duration {
        let rank = (self.len as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut sum = 0;
        for (place, count) in self.counts.iter().enumerate() {
            sum += count;
            if sum >= rank {
                return Duration::from_nanos(upper_end(place).min(self.max));
            }
        }
        self.max()
    }

    /// Writes the distribution for a plot: a line for each step that something fell into, with its end in microseconds and the
    /// share of all that took no longer.
    ///
    /// ```
    /// use core::time::Duration;
    /// use waypost_benches::Histogram;
    ///
    /// let mut histogram = Histogram::default();
    /// for micros in [100, 100, 100, 200] {
    ///     histogram.add(Duration::from_micros(micros));
    /// }
    /// assert_eq!(histogram.shares(), "100.351 0.750000\n200.000 1.000000\n");
    /// ```
    #[must_use]
    pub fn shares(&self) -> String {
        let mut lines = String::new();
        let mut sum = 0;
        for (place, &count) in self.counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
            sum += count;
            let micros = upper_end(place).min(self.max) as f64 / 1000.0;
            writeln!(lines, "{micros:.3} {:.6}", sum as f64 / self.len as f64).expect("a string takes everything");
        }
        lines
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; 64 * STEPS as usize], len: 0, max: 0 }
    }
}

/// Writes the percentiles that tell most, and a bar for each power of two.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, percent) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)] {
            write!(f, "{name} {:.1?}  ", self.percentile(percent))?;
        }
        writeln!(f, "max {:.1?}", self.max())?;
        for (power, counts) in self.counts.chunks(STEPS as usize).enumerate() {
            let count: u64 = counts.iter().sum();
            if count > 0 {
                let upper = Duration::from_nanos(upper_end((power + 1) * STEPS as usize - 1));
                let share = count as f64 / self.len as f64;
                let bar = "#".repeat((share * 60.0).round() as usize);
                writeln!(f, "  up to {:>9} {count:>9} {:>6.2} % {bar}", format!("{upper:.1?}"), share * 100.0)?;
            }
        }
        Ok(())
    }
}

fn place(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - STEPS.ilog2();
    (u64::from(shift) * STEPS + (nanos >> shift)) as usize
}

fn upper_end(place: usize) -> u64 {
    let place = place as u64;
    if place < 2 * STEPS {
        return place;
    }
    let shift = place / STEPS - 1;
    let lower = (place % STEPS + STEPS) << shift;
    lower.saturating_add((1 << shift) - 1)
}

/// How many steps there are to a power of two.
const STEPS: u64 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_place_whose_end_is_at_most_a_step_away() {
        for power in 0..63 {
            for nanos in [(1_u64 << power) - 1, 1 << power, (1 << power) + (1 << power) / 3] {
                let end = upper_end(place(nanos));
                assert!(end >= nanos && end - nanos <= nanos / STEPS, "{nanos} {end}");
            }
        }
    }
}
