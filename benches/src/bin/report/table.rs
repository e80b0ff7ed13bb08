use core::fmt;

use waypost_benches::fleet::Documents;

use crate::figure::Figure;

/// What was measured, beside what a peer takes for the same and what was aimed at.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    operation: String,
    documents: Option<Documents>,
    waypost: Figure,
    growth: Option<f64>,
    peer: Option<(&'static str, Figure)>,
    goal: Option<Figure>,
    lead: Option<f64>,
    is_incomplete: bool,
}

/// All that was measured, in the order of measuring.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

impl Row {
    pub(crate) fn new(operation: impl Into<String>, waypost: impl Into<Figure>) -> Self {
        Self {
            operation: operation.into(),
            documents: None,
            waypost: waypost.into(),
            growth: None,
            peer: None,
            goal: None,
            lead: None,
            is_incomplete: false,
        }
    }

    /// Says which kind of documents the directory has.
    pub(crate) fn of(mut self, documents: Documents) -> Self {
        self.documents = Some(documents);
        self
    }

    /// Says how many times as long it takes as with ten thousand registrations. It should not be more than twice.
    pub(crate) fn growth(mut self, growth: Option<f64>) -> Self {
        self.growth = growth;
        self
    }

    /// Says what a peer takes for the same.
    pub(crate) fn peer(mut self, name: &'static str, figure: impl Into<Figure>) -> Self {
        self.peer = Some((name, figure.into()));
        self
    }

    /// Says what Waypost should take at most.
    pub(crate) fn goal(mut self, figure: impl Into<Figure>) -> Self {
        self.goal = Some(figure.into());
        self
    }

    /// Says how many times as good as the peer Waypost should be; without, at least as good.
    pub(crate) fn lead(mut self, lead: f64) -> Self {
        self.lead = Some(lead);
        self
    }

    /// Says that not all was done that should have been, so that no goal is met.
    pub(crate) fn incomplete(mut self) -> Self {
        self.is_incomplete = true;
        self
    }

    fn ratio(&self) -> Option<f64> {
        Some(self.waypost.over(self.peer?.1))
    }

    fn is_met(&self) -> Option<bool> {
        let is_fast = self.waypost.over(self.goal?) >= 1.0;
        Some(is_fast && self.growth.is_none_or(|growth| growth <= GROWTH) && !self.is_incomplete)
    }

    fn is_ahead(&self) -> Option<bool> {
        Some(self.ratio()? >= self.lead.unwrap_or(1.0))
    }
}

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("{row}");
        self.0.push(row);
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, waypost, .. } = self;
        let documents = self.documents.map_or(String::new(), |documents| format!("{documents:?}").to_lowercase());
        let growth = self.growth.map_or(String::new(), |growth| format!("{growth:.1}"));
        let peer = self.peer.map_or(String::new(), |(name, figure)| format!("{name} {figure}"));
        let ratio = match self.ratio() {
            Some(ratio) if ratio >= 9.95 => format!("{ratio:.0}"),
            Some(ratio) => format!("{ratio:.1}"),
            None => String::new(),
        };
        let goal = self.goal.map_or(String::new(), |goal| goal.to_string());
        let met = self.is_met().map_or("", |met| if met { "yes" } else { "**no**" });
        write!(
            f,
            "| {operation:<52} | {documents:<9} | {waypost:>9} | {growth:>6} | {peer:>19} | {ratio:>5} | {goal:>9} | {met:<6} |"
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| {:<52} | documents | {:>9} | growth | {:>19} | {:>5} | {:>9} | met    |",
            "operation", "Waypost", "peer", "ratio", "goal"
        )?;
        writeln!(
            f,
            "|{:-<54}|-----------|----------:|-------:|--------------------:|------:|----------:|--------|",
            ""
        )?;
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))?;
        let count = |tell: fn(&Row) -> Option<bool>| {
            let told = self.0.iter().filter_map(tell);
            (told.clone().filter(|yes| *yes).count(), told.count())
        };
        let (met, goals) = count(Row::is_met);
        let (ahead, peers) = count(Row::is_ahead);
        writeln!(f)?;
        writeln!(
            f,
            "{met} of {goals} goals are met. In {ahead} of {peers} lines Waypost is ahead of the peer, by as much as it should."
        )
    }
}

/// How many times as long something may take than with ten thousand registrations.
const GROWTH: f64 = 2.0;
