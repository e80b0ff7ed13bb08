use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map;
use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;

/// The attributes of an endpoint besides its name, sector, base and lifetime ([RFC 9176 §5]): names with values.
///
/// Names are sorted; the values of a name keep the order they were given in. An attribute without a value is a flag.
///
/// ```
/// use waypost_model::Attributes;
///
/// let mut attributes = Attributes::default();
/// attributes.push("et", Some("core.rd-group")).unwrap();
/// attributes.push("battery", None).unwrap();
/// attributes.push("et", Some("ex.light")).unwrap();
/// let all: Vec<_> = attributes.iter().collect();
/// assert_eq!(all, [("battery", None), ("et", Some("core.rd-group")), ("et", Some("ex.light"))]);
/// ```
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Attributes {
    by_name: BTreeMap<AttributeName, AttributeValues>,
}

impl Attributes {
    /// Makes an empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { by_name: BTreeMap::new() }
    }

    /// Adds a value after those that its name has already.
    ///
    /// # Errors
    ///
    /// When the name or the value is not allowed, see [`AttributeName::new`] and [`AttributeValues::push`].
    pub fn push(&mut self, name: &str, value: Option<&str>) -> Result<(), InvalidAttribute> {
        check_value(value)?;
        let name = AttributeName::new(name)?;
        self.by_name.entry(name).or_default().0.push(value.map(Into::into));
        Ok(())
    }

    /// Sets all values of a name at once.
    pub fn insert(&mut self, name: AttributeName, values: AttributeValues) {
        self.by_name.insert(name, values);
    }

    /// Returns every pair of name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.by_name.iter().flat_map(|(name, values)| values.iter().map(|value| (name.as_str(), value.as_deref())))
    }

    /// Returns every name with all its values.
    pub fn by_name(&self) -> impl ExactSizeIterator<Item = (&AttributeName, &AttributeValues)> {
        self.by_name.iter()
    }

    /// Returns the values of one name.
    pub fn values(&self, name: &str) -> impl Iterator<Item = Option<&str>> {
        self.by_name.get(name).into_iter().flat_map(|values| values.iter().map(Option::as_deref))
    }

    /// Returns the number of values, a flag counting as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.values().map(|values| values.len()).sum()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

impl IntoIterator for Attributes {
    type Item = (AttributeName, AttributeValues);
    type IntoIter = btree_map::IntoIter<AttributeName, AttributeValues>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_name.into_iter()
    }
}

/// The name of an endpoint attribute.
///
/// ```
/// use waypost_model::AttributeName;
///
/// assert_eq!(AttributeName::new("et").unwrap().as_str(), "et");
/// assert_eq!(AttributeName::new("href").unwrap_err().to_string(), "must not be an endpoint attribute");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct AttributeName(Box<str>);

impl AttributeName {
    /// Checks and takes a name.
    ///
    /// It must be what can be both the key of a URI query and the name of a link parameter ([RFC 9176 §9.3]): ASCII
    /// letters, digits and `!$+-._~`. It must not be one of the names that mean something else in a registration or in the
    /// link of an endpoint look-up, in any case: `ep`, `d`, `lt`, `base`, `href`, `rt`, `anchor`, `page`, `count`,
    /// `provenance`, `lt-age` and `lt-remaining`.
    ///
    /// # Deviation
    ///
    /// [RFC 9176 §5] wants every unknown parameter to be stored. The names above are refused instead: stored as attributes, they would
    /// stand in the results of look-ups beside what the directory itself says under these names, and nobody could tell the
    /// two apart.
    ///
    /// # Errors
    ///
    /// When it is not so.
    ///
    /// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
    /// [RFC 9176 §9.3]: https://www.rfc-editor.org/rfc/rfc9176#section-9.3
    pub fn new(name: &str) -> Result<Self, InvalidAttribute> {
        if name.is_empty() || !name.bytes().all(is_name_character) {
            return Err(InvalidAttribute(Rule::Name));
        }
        if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            return Err(InvalidAttribute(Rule::Reserved));
        }
        Ok(Self(name.into()))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for AttributeName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for AttributeName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AttributeName {
    type Error = InvalidAttribute;

    fn try_from(name: String) -> Result<Self, InvalidAttribute> {
        Self::new(&name)
    }
}

impl From<AttributeName> for String {
    fn from(name: AttributeName) -> Self {
        name.0.into()
    }
}

/// The values of one endpoint attribute in the order given; `None` is a flag. Without any, the attribute is set to nothing.
///
/// ```
/// use waypost_model::AttributeValues;
///
/// let mut values = AttributeValues::default();
/// values.push(Some("core.rd-group")).unwrap();
/// assert_eq!(values.first().unwrap().as_deref(), Some("core.rd-group"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Vec<Option<String>>", into = "Vec<Option<Box<str>>>"))]
pub struct AttributeValues(Vec<Option<Box<str>>>);

impl AttributeValues {
    /// Adds a value.
    ///
    /// # Errors
    ///
    /// When it has a control character (U+0000 to U+001F, U+007F), since it could not be written as the value of a link
    /// parameter that every reader of [RFC 6690] understands.
    ///
    /// [RFC 6690]: https://www.rfc-editor.org/rfc/rfc6690#section-2
    pub fn push(&mut self, value: Option<&str>) -> Result<(), InvalidAttribute> {
        check_value(value)?;
        self.0.push(value.map(Into::into));
        Ok(())
    }
}

impl Deref for AttributeValues {
    type Target = [Option<Box<str>>];

    fn deref(&self) -> &[Option<Box<str>>] {
        &self.0
    }
}

impl<'v> IntoIterator for &'v AttributeValues {
    type Item = &'v Option<Box<str>>;
    type IntoIter = core::slice::Iter<'v, Option<Box<str>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl TryFrom<Vec<Option<String>>> for AttributeValues {
    type Error = InvalidAttribute;

    fn try_from(values: Vec<Option<String>>) -> Result<Self, InvalidAttribute> {
        values.iter().try_for_each(|value| check_value(value.as_deref()))?;
        Ok(Self(values.into_iter().map(|value| value.map(String::into_boxed_str)).collect()))
    }
}

impl From<AttributeValues> for Vec<Option<Box<str>>> {
    fn from(values: AttributeValues) -> Self {
        values.0
    }
}

/// Says why a name or a value is no endpoint attribute.
///
/// ```
/// use waypost_model::Attributes;
///
/// let error = Attributes::new().push("a b", None).unwrap_err();
/// assert_eq!(error.to_string(), "must be a name of letters, digits and !$+-._~");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidAttribute(Rule);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Rule {
    #[error("must be a name of letters, digits and !$+-._~")]
    Name,
    #[error("must not be an endpoint attribute")]
    Reserved,
    #[error("must not have control characters")]
    Control,
}

fn check_value(value: Option<&str>) -> Result<(), InvalidAttribute> {
    match value {
        Some(value) if value.bytes().any(|byte| byte.is_ascii_control()) => Err(InvalidAttribute(Rule::Control)),
        _ => Ok(()),
    }
}

/// What is at once in `query` (RFC 3986) without separators, in `token` (RFC 8288) and in `parmname` (RFC 6690).
fn is_name_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$+-._~".contains(&byte)
}

const RESERVED: [&str; 12] =
    ["ep", "d", "lt", "base", "href", "rt", "anchor", "page", "count", "provenance", "lt-age", "lt-remaining"];
