use core::fmt;
use core::time::Duration;

/// What was measured, beside what a peer takes for the same and what was aimed at.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) operation: String,
    pub(crate) waypost: Figure,
    pub(crate) peer: Option<(&'static str, Figure)>,
    pub(crate) goal: Option<Figure>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    /// The less, the better.
    Time(Duration),
    /// Bytes per second: the more, the better.
    Throughput(f64),
}

#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

impl Row {
    pub(crate) fn new(operation: impl Into<String>, waypost: impl Into<Figure>) -> Self {
        Self { operation: operation.into(), waypost: waypost.into(), peer: None, goal: None }
    }

    pub(crate) fn peer(mut self, name: &'static str, figure: impl Into<Figure>) -> Self {
        self.peer = Some((name, figure.into()));
        self
    }

    pub(crate) fn goal(mut self, figure: impl Into<Figure>) -> Self {
        self.goal = Some(figure.into());
        self
    }
}

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        self.0.push(row);
    }
}

impl Figure {
    /// Returns how many times as good this is as another of its kind.
    fn over(self, other: Self) -> f64 {
        match (self, other) {
            (Self::Time(own), Self::Time(other)) => other.as_secs_f64() / own.as_secs_f64().max(1e-9),
            (Self::Throughput(own), Self::Throughput(other)) => own / other.max(1.0),
            _ => f64::NAN,
        }
    }
}

impl From<Duration> for Figure {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => f.pad(&format!("{time:.1?}")),
            Self::Throughput(rate) => f.pad(&format!("{:.0} MB/s", rate / 1e6)),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| {:<44} | {:>10} | {:>19} | {:>7} | {:>9} | met |",
            "operation", "Waypost", "peer", "ratio", "goal"
        )?;
        writeln!(f, "|{:-<46}|{:->12}|{:->21}|{:->9}|{:->11}|-----|", "", ":", ":", ":", ":")?;
        for Row { operation, waypost, peer, goal } in &self.0 {
            let ratio = peer.map_or(String::new(), |(_, figure)| format!("{:.1}", waypost.over(figure)));
            let peer = peer.map_or(String::new(), |(name, figure)| format!("{name} {figure}"));
            let met = goal.map_or("", |goal| if waypost.over(goal) >= 1.0 { "yes" } else { "no" });
            let goal = goal.map_or(String::new(), |goal| goal.to_string());
            writeln!(f, "| {operation:<44} | {waypost:>10} | {peer:>19} | {ratio:>7} | {goal:>9} | {met:<3} |")?;
        }
        Ok(())
    }
}
