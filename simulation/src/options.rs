use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::{Scene, Variant};

/// What the command line says.
///
/// ```
/// use waypost_simulation::Options;
///
/// let options = Options::parse(["--seeds", "7..9", "--world", "single"].map(String::from)).unwrap().unwrap();
/// assert_eq!((options.seeds, options.scenes.len()), (7..9, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The seeds of the worlds.
    pub seeds: Range<u64>,
    /// How long each lasts.
    pub span: Duration,
    /// What is in them.
    pub scenes: Vec<Scene>,
    /// What is wrong with them, if anything.
    pub variant: Option<Variant>,
    /// Whether each happens once, and not twice.
    pub is_once: bool,
    /// The one to be told in full.
    pub traced: Option<u64>,
}

impl Options {
    /// Says how to use the program.
    pub const USAGE: &str =
        "simulate [--seeds N|A..B] [--hours H] [--world NAME] [--variant NAME] [--once] [--trace SEED]";

    /// Reads the arguments; `None` when help is wanted.
    ///
    /// # Errors
    ///
    /// What cannot be understood.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            seeds: 0..200,
            span: Duration::from_secs(24 * 3600),
            scenes: Scene::ALL.to_vec(),
            variant: None,
            is_once: false,
            traced: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--seeds" => options.seeds = seeds(&value()?)?,
                "--hours" => options.span = Duration::from_secs(number(&value()?)? * 3600),
                "--world" => options.scenes = vec![value()?.parse()?],
                "--variant" => options.variant = Some(value()?.parse()?),
                "--once" => options.is_once = true,
                "--trace" => options.traced = Some(number(&value()?)?),
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("{argument} is not understood")),
            }
        }
        Ok(Some(options))
    }
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    match text.split_once("..") {
        Some((first, end)) => Ok(number(first)?..number(end)?),
        None => Ok(0..number(text)?),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| format!("{text} is not a number"))
}

/// Returns the one that is written so.
pub(crate) fn one_of<T: Copy + fmt::Display>(all: &[T], text: &str) -> Result<T, String> {
    let names = || all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    all.iter().copied().find(|one| one.to_string() == text).ok_or_else(|| format!("{text} is none of {}", names()))
}
