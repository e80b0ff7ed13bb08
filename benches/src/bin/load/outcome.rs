use alloc::collections::BTreeMap;
use core::fmt;
use core::time::Duration;

use waypost_benches::Histogram;

use crate::workload::Ask;

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How long each request took that got what it asked for.
    pub(crate) latency: Histogram,
    /// The same of the renewals that went on beside.
    pub(crate) renewals: Histogram,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// The refusals, by code.
    pub(crate) refused: BTreeMap<u8, u64>,
    /// What got no answer in time, or found no room in the socket.
    pub(crate) lost: Vec<Ask>,
    /// How many datagrams came that belong to no request, or late.
    pub(crate) strays: u64,
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs_f64().max(1e-9);
        let each = self.bytes / self.datagrams.max(1);
        writeln!(
            f,
            "{:.0} requests/s: {} answered in {seconds:.2} s, {} datagrams of {each} bytes on average",
            self.latency.len() as f64 / seconds,
            self.latency.len(),
            self.datagrams,
        )?;
        writeln!(f, "{} lost, {} strays", self.lost.len(), self.strays)?;
        for (code, count) in &self.refused {
            writeln!(f, "{count} refused with {}.{:02}", code >> 5, code & 31)?;
        }
        if !self.renewals.is_empty() {
            let [half, most] = [50.0, 99.0].map(|percent| self.renewals.percentile(percent));
            let count = self.renewals.len();
            writeln!(
                f,
                "{count} renewals beside, {:.0} a second: p50 {half:.1?}  p99 {most:.1?}",
                count as f64 / seconds
            )?;
        }
        write!(f, "{}", self.latency)
    }
}
