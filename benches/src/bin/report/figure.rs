use core::fmt;
use core::time::Duration;

/// Something measured, or aimed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    /// The less, the better.
    Time(Duration),
    /// The less, the better.
    Bytes(f64),
    /// Bytes per second: the more, the better.
    Throughput(f64),
    /// Times per second: the more, the better.
    Rate(f64),
}

impl Figure {
    /// Returns how many times as good this is as another of its kind.
    pub(crate) fn over(self, other: Self) -> f64 {
        match (self, other) {
            (Self::Time(own), Self::Time(other)) => other.as_secs_f64() / own.as_secs_f64().max(1e-9),
            (Self::Bytes(own), Self::Bytes(other)) => other / own.max(1.0),
            (Self::Throughput(own), Self::Throughput(other)) | (Self::Rate(own), Self::Rate(other)) => {
                own / other.max(1.0)
            }
            _ => unreachable!("{self} and {other} are of one kind"),
        }
    }

    /// Returns the throughput of so many bytes in a time.
    pub(crate) fn throughput(bytes: usize, time: Duration) -> Self {
        Self::Throughput(bytes as f64 / time.as_secs_f64())
    }
}

impl From<Duration> for Figure {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

/// Writes three digits or so, and the unit.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match *self {
            Self::Time(time) => match time.as_secs_f64() {
                time if time < 0.999_5e-6 => (time * 1e9, "ns"),
                time if time < 0.999_5e-3 => (time * 1e6, "µs"),
                time if time < 0.999_5 => (time * 1e3, "ms"),
                time => (time, "s"),
            },
            Self::Bytes(bytes) => (bytes, "B"),
            Self::Throughput(rate) if rate < 0.999_5e9 => (rate / 1e6, "MB/s"),
            Self::Throughput(rate) => (rate / 1e9, "GB/s"),
            Self::Rate(rate) if rate < 0.999_5e6 => (rate / 1e3, "k/s"),
            Self::Rate(rate) => (rate / 1e6, "M/s"),
        };
        let digits = if value >= 99.95 || value.fract() == 0.0 {
            0
        } else if value >= 9.995 {
            1
        } else {
            2
        };
        f.pad(&format!("{value:.digits$} {unit}"))
    }
}
