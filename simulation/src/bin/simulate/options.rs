use std::fmt;
use std::ops::Range;
use std::time::Duration;

use waypost_simulation::{Scene, Variant};

/// What the command line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// The seeds of the worlds.
    pub(crate) seeds: Range<u64>,
    /// How long each lasts.
    pub(crate) span: Duration,
    /// What is in them.
    pub(crate) scenes: Vec<Scene>,
    /// What is wrong with them, if anything.
    pub(crate) variant: Option<Variant>,
    /// Whether each happens once, and not twice.
    pub(crate) is_once: bool,
    /// The one to be told in full.
    pub(crate) traced: Option<u64>,
}

impl Options {
    /// Says how to use the program.
    pub(crate) const USAGE: &str =
        "simulate [--seeds N|A..B] [--hours H] [--world NAME] [--variant NAME] [--once] [--trace SEED]";

    /// Reads the arguments; `None` when help is wanted.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            seeds: 0..40,
            span: Duration::from_secs(8 * 3600),
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

/// Says what is going to happen.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, span, scenes, variant, is_once, .. } = self;
        let scenes = scenes.iter().map(Scene::to_string).collect::<Vec<_>>().join(", ");
        let variant = variant.map(|variant| format!(" with {variant}")).unwrap_or_default();
        let times = if *is_once { "once" } else { "twice" };
        write!(f, "seeds {} to {}, {} hours each, {times}", seeds.start, seeds.end, span.as_secs() / 3600)?;
        write!(f, ", in {scenes}{variant}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_command_line_does_not_say_is_eight_hours_of_40_seeds_of_everything() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(String::from));
        let options = parse("--seeds 7..9 --world single").unwrap().unwrap();
        assert_eq!((options.seeds, options.scenes, options.variant), (7..9, vec![Scene::Single], None));
        let options = parse("").unwrap().unwrap();
        assert!(options.to_string().starts_with("seeds 0 to 40, 8 hours each, twice, in single, several"));
        assert_eq!((options.seeds, options.span.as_secs(), &options.scenes[..]), (0..40, 28_800, Scene::ALL));
        assert_eq!(parse("--seeds"), Err("--seeds needs a value".into()));
        assert_eq!(parse("--variant sound").unwrap_err().split(',').next(), Some("sound is none of ignores-removals"));
    }
}
