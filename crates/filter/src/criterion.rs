use alloc::boxed::Box;

use crate::Record;

/// A condition on one attribute.
///
/// ```
/// use waypost_filter::{Criterion, Test};
///
/// let criterion = Criterion::new("RT", Test::Prefix("core.".into()));
/// assert_eq!(criterion.name(), "rt");
/// assert!(criterion.accepts(Some("oic.d.light core.s")));
/// assert!(!criterion.accepts(Some("oic.d.light")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(from = "Parts"))]
pub struct Criterion {
    /// Lower case.
    name: Box<str>,
    /// Not a prefix of length zero.
    test: Test,
    level: Level,
}

impl Criterion {
    /// Creates a criterion that either level may decide.
    ///
    /// The name is put in lower case, and the empty prefix becomes [`Test::Exists`], which means the same.
    pub fn new(name: &str, test: Test) -> Self {
        let test = match test {
            Test::Prefix(prefix) if prefix.is_empty() => Test::Exists,
            test => test,
        };
        Self { name: name.to_ascii_lowercase().into(), test, level: Level::Either }
    }

    /// Says which level decides.
    ///
    /// ```
    /// use waypost_filter::{Criterion, Level, Query, Test};
    ///
    /// let endpoint = [("ep", "node1"), ("title", "Boiler")];
    /// let link = [("href", "/t"), ("title", "Temperature")];
    /// let title = Criterion::new("title", Test::Exact("Boiler".into()));
    ///
    /// assert!(Query::all().with(title.clone()).matches_resource(&link, &endpoint));
    /// assert!(!Query::all().with(title.at(Level::Resource)).matches_resource(&link, &endpoint));
    /// ```
    #[must_use]
    pub fn at(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Returns the name of the attribute, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the test on its value.
    pub fn test(&self) -> &Test {
        &self.test
    }

    /// Returns the level that decides.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Tells whether the attribute is a list of words of which any may match: `rt`, `if`, `rel` and `rev`, the
    /// relation-types of the grammar in [RFC 6690 §2].
    ///
    /// [RFC 6690 §2]: https://www.rfc-editor.org/rfc/rfc6690#section-2
    pub fn is_relation_type(&self) -> bool {
        matches!(&*self.name, "rt" | "if" | "rel" | "rev")
    }

    /// Tells whether an attribute of `record` meets the criterion, whatever the level.
    pub fn matches(&self, record: &(impl Record + ?Sized)) -> bool {
        record.any_value(&self.name, &mut |value| self.accepts(value))
    }

    /// Tells whether one attribute value meets the test.
    ///
    /// The value is whole and free of quotes and escapes; it is split into words here if the attribute is a
    /// relation-type. `None` stands for an attribute without a value, which counts as the empty value.
    pub fn accepts(&self, value: Option<&str>) -> bool {
        let value = value.unwrap_or_default();
        if !self.is_relation_type() || matches!(self.test, Test::Exists) {
            return self.test.accepts(value);
        }
        let mut words = value.split(' ').filter(|word| !word.is_empty()).peekable();
        if words.peek().is_none() {
            return self.test.accepts("");
        }
        words.any(|word| self.test.accepts(word))
    }

    /// Tells whether whatever meets this criterion meets `other`, with the levels left out of account.
    pub(crate) fn implies_ignoring_level(&self, other: &Self) -> bool {
        self.name == other.name && self.test.implies(&other.test)
    }

    /// Tells whether whatever meets this criterion, at the levels that may decide it, meets `other`.
    pub(crate) fn implies(&self, other: &Self) -> bool {
        (other.level == Level::Either || other.level == self.level) && self.implies_ignoring_level(other)
    }
}

/// The test of a criterion on a value.
///
/// ```
/// use waypost_filter::Test;
///
/// assert!(Test::Exact("core.s".into()).accepts("core.s"));
/// assert!(Test::Prefix("core".into()).accepts("core.s"));
/// assert!(Test::Exists.accepts(""));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Test {
    /// Every value passes.
    Exists,
    /// Only this value passes.
    ///
    /// A value that ends in `*` can be tested for, but has no form in a query string.
    Exact(Box<str>),
    /// Every value passes that begins so, this one included.
    Prefix(Box<str>),
}

impl Test {
    /// Tells whether `value`, compared bitwise as a whole, passes.
    pub fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Exact(exact) => value == &**exact,
            Self::Prefix(prefix) => value.starts_with(&**prefix),
        }
    }

    /// Tells whether no value passes both this test and `other`.
    pub(crate) fn is_disjoint_from(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exists, _) | (_, Self::Exists) => false,
            (Self::Exact(exact), other) | (other, Self::Exact(exact)) => !other.accepts(exact),
            (Self::Prefix(one), Self::Prefix(other)) => !one.starts_with(&**other) && !other.starts_with(&**one),
        }
    }

    /// Tells whether every value that passes this test passes `other`.
    fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exists) => true,
            (Self::Exact(exact), other) => other.accepts(exact),
            (Self::Prefix(longer), Self::Prefix(prefix)) => longer.starts_with(&**prefix),
            (_, Self::Prefix(prefix)) => prefix.is_empty(),
            (_, Self::Exact(_)) => false,
        }
    }
}

/// Which of a link and its endpoint decides a criterion.
///
/// ```
/// use waypost_filter::Level;
///
/// assert_eq!(Level::default(), Level::Either);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Level {
    /// It is enough that one of the two meets it: the rule of [RFC 9176 §6.2].
    ///
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    #[default]
    Either,
    /// The endpoint alone.
    Endpoint,
    /// The link alone; for an endpoint, any of its links.
    Resource,
}

/// What a serialised criterion consists of, before it is brought into its normal form.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    name: Box<str>,
    test: Test,
    #[serde(default)]
    level: Level,
}

#[cfg(feature = "serde")]
impl From<Parts> for Criterion {
    fn from(parts: Parts) -> Self {
        Self::new(&parts.name, parts.test).at(parts.level)
    }
}
