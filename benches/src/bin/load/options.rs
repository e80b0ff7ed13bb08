use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;
use core::time::Duration;
use std::path::PathBuf;

use waypost_benches::loopback;

/// What the command line says.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) target: SocketAddr,
    pub(crate) mix: Mix,
    /// How many are registered before the requests begin.
    pub(crate) registrations: usize,
    /// How many the directory holds, whoever registered them.
    pub(crate) loaded: usize,
    pub(crate) links: usize,
    pub(crate) requests: u64,
    pub(crate) time: Duration,
    pub(crate) window: usize,
    /// Requests per second; as fast as the window allows where there is none.
    pub(crate) rate: Option<u32>,
    /// Renewals per second that go on beside all else.
    pub(crate) renewals: Option<u32>,
    pub(crate) sockets: usize,
    /// Where to write how many requests took how long.
    pub(crate) histogram: Option<PathBuf>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    Renew,
    Point,
    Filter,
    Block,
    Mixed,
    Echo,
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            target: ([127, 0, 0, 1], 0).into(),
            mix: Mix::Point,
            registrations: 1000,
            loaded: 0,
            links: 10,
            requests: MOST,
            time: Duration::from_secs(5),
            window: 64,
            rate: None,
            renewals: None,
            sockets: 16,
            histogram: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--mix" => options.mix = value()?.parse()?,
                "--registrations" => options.registrations = number(&value()?, 0, MOST)? as usize,
                "--loaded" => options.loaded = number(&value()?, 0, MOST)? as usize,
                "--links" => options.links = number(&value()?, 1, 12)? as usize,
                "--requests" => options.requests = number(&value()?, 1, MOST)?,
                "--seconds" => options.time = Duration::from_secs(number(&value()?, 1, 600)?),
                "--window" => options.window = number(&value()?, 1, 4096)? as usize,
                "--rate" => options.rate = Some(number(&value()?, 1, 1_000_000)? as u32),
                "--renewals" => options.renewals = Some(number(&value()?, 1, 1_000_000)? as u32),
                "--histogram" => options.histogram = Some(value()?.into()),
                "--sockets" => options.sockets = number(&value()?, 1, 200)? as usize,
                "--help" | "-h" => return Ok(None),
                target => options.target = loopback(target).map_err(|error| format!("{target}: {error}"))?,
            }
        }
        if options.target.port() == 0 {
            return Err("which server? coap://127.0.0.1:PORT".into());
        }
        if options.mix == Mix::Echo {
            options.registrations = 0;
            options.renewals = None;
        }
        options.loaded = options.loaded.max(options.registrations);
        Ok(Some(options))
    }

    /// Tells whether something is renewed that is not registered first.
    pub(crate) fn renews_what_is_loaded(&self) -> bool {
        let renews = self.renewals.is_some() || matches!(self.mix, Mix::Renew | Mix::Mixed);
        renews && self.registrations == 0 && self.loaded > 0
    }
}

fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.replace('_', "").parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or(format!("{text} is not a number from {least} to {most}"))
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mix = MIXES.into_iter().find(|mix| mix.to_string() == text);
        mix.ok_or_else(|| format!("{text} is none of {}", MIXES.map(|mix| mix.to_string()).join(", ")))
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Renew => "renew",
            Self::Point => "point",
            Self::Filter => "filter",
            Self::Block => "block",
            Self::Mixed => "mixed",
            Self::Echo => "echo",
        })
    }
}

const MIXES: [Mix; 6] = [Mix::Renew, Mix::Point, Mix::Filter, Mix::Block, Mix::Mixed, Mix::Echo];
/// More than this of anything is a slip of the keyboard.
const MOST: u64 = 100_000_000;
