//! Links as JSON.

use std::fmt::{self, Write as _};

use waypost_link_format::{Form, LinkDocument};

/// The links as JSON: `[[target, [[name, value or null, form], …]], …]`.
pub(crate) struct Json<'a>(pub(crate) LinkDocument<'a>);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (index, link) in self.0.links().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            write!(f, "{separator}[{}, [", JsonString(link.target()))?;
            for (index, parameter) in link.parameters().enumerate() {
                let separator = if index > 0 { ", " } else { "" };
                write!(f, "{separator}[{}, ", JsonString(parameter.name()))?;
                match parameter.value() {
                    Some(value) => write!(f, "{}", JsonString(&value))?,
                    None => f.write_str("null")?,
                }
                let form = match parameter.form() {
                    Form::Flag => "flag",
                    Form::Token => "token",
                    Form::Quoted => "quoted",
                    Form::Ext => "ext",
                };
                write!(f, ", \"{form}\"]")?;
            }
            f.write_str("]]")?;
        }
        f.write_char(']')
    }
}

pub(crate) struct JsonString<'a>(pub(crate) &'a str);

impl fmt::Display for JsonString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(letter))?,
                letter => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}
