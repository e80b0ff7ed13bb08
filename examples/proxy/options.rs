use std::net::SocketAddr;

use waypost::Query;
use waypost::client::ResourceUri;
use waypost::sync::{Duplicates, Holding, Limits, ProxyConfig};
use waypost_examples::{Arguments, Problem, host, random, require_askable, value};

pub const HELP: &str = "\
A look-up proxy in front of CoRE Resource Directories (RFC 9176, draft-amsuess-core-rd-replication).

Usage: proxy --listen ADDR:PORT --upstream URI… [OPTIONS]

  --listen ADDR:PORT  listen here, and ask from here; can be repeated
  --upstream URI…     directories, coap://HOST:PORT, whose interfaces are discovered: what is found is the union.
                      coap://HOST:PORT?QUERY, with a query such as d=floor-3*, says that all values there are so: it is not
                      asked for others. Proxies in front of each other have to name each other by address

One of these counts for all upstreams:

  --mirror            hold all that is registered there, by the best means that each offers [so by default]
  --only QUERY        mirror what this selects, such as d=floor-3, and ask for the rest
  --through URI       mirror all of it through the feed of another proxy, coap://HOST:PORT, which mirrors the directories itself,
                      knows them by the same URIs, and was given --feed
  --aware             hold what queries that recur in one shape have in common, and ask for the rest
  --cache             hold answers while they are fresh, and nothing more

  --feed              let anybody mirror, through this proxy, what it mirrors; with it go the lifetimes of registrations
  --duplicates WHICH  what is shown of an endpoint that is registered at several directories, where they are mirrored: newest
                      or both [newest]
  --unconfirmed SECONDS
                      how long what a directory had that shows no lifetimes is shown when it cannot be reached any more [3600]
  --away SECONDS      how long a mirror answers for a directory that cannot be reached [90000]
  --registrations N   as many are mirrored at most, with 1 KiB of links each [1000000]; of a directory without a feed, what fits in
                      an answer of 4 MiB, or in pages of 64 MiB, and where it shows no provenance of links, the links of 1000
  --stale SECONDS     how long an answer is used beyond that, when its directory cannot be reached [3600]
  --partial           answer with what the others have while a directory is away, if they have any, rather than with 5.04
  --help              show this

Prints `listening on coap://ADDR:PORT` on standard output when it is ready, and on standard error, with the time of day in UTC, what
happens between it and the directories: by what means each is mirrored, and when all of it is here. Look-up is at /rd-lookup/res and
/rd-lookup/ep; /.well-known/core leads there, and to the directories for registration. What has to be asked for at a directory that
does not answer takes 20 seconds to fail. Ends on SIGINT and SIGTERM.

What is mirrored is what is registered at an upstream itself: one that is a proxy is asked for each question. To mirror what that one
mirrors, give it --feed, and this one --through.";

/// What a proxy is to be.
pub struct Options {
    pub listen: Vec<SocketAddr>,
    pub upstreams: Vec<(ResourceUri, Query)>,
    pub holding: Holding,
    pub has_feed: bool,
    pub registrations: usize,
    pub limits: Limits,
    pub proxy: ProxyConfig,
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    pub fn parse(arguments: &mut Arguments) -> Result<Option<Self>, Problem> {
        let mut options = Self {
            listen: Vec::new(),
            upstreams: Vec::new(),
            holding: Holding::Mirror(Query::all()),
            has_feed: false,
            registrations: 1_000_000,
            limits: Limits::default(),
            proxy: ProxyConfig::new(random()),
        };
        let mut given = Vec::new();
        while let Some(argument) = arguments.poll() {
            match argument.as_str() {
                "--listen" => options.listen.push(arguments.address(&argument)?),
                "--upstream" => options.upstreams.push(arguments.read(&argument, upstream)?),
                "--mirror" => options.holding = Holding::Mirror(Query::all()),
                "--only" => options.holding = Holding::Mirror(arguments.read(&argument, selection)?),
                "--through" => options.holding = Holding::Through(arguments.host(&argument)?, Query::all()),
                "--feed" => options.has_feed = true,
                "--aware" => options.holding = Holding::Recurring,
                "--cache" => options.holding = Holding::Answers,
                "--duplicates" => options.proxy.duplicates = arguments.read(&argument, duplicates)?,
                "--unconfirmed" => options.limits.unconfirmed = arguments.seconds(&argument)?,
                "--away" => options.proxy.unconfirmed = arguments.seconds(&argument)?,
                "--registrations" => options.registrations = arguments.number(&argument)?,
                "--partial" => options.proxy.partial = true,
                "--stale" => options.proxy.stale = arguments.seconds(&argument)?,
                "--help" | "-h" => return Ok(None),
                // One more upstream.
                _ if argument.contains("://") => {
                    options.upstreams.push(value("--upstream", &argument, upstream)?);
                }
                _ => return Err(format!("{argument} is not known").into()),
            }
            given.push(argument);
        }
        if options.listen.is_empty() || options.upstreams.is_empty() {
            return Err("--listen ADDR:PORT and --upstream URI are needed".into());
        }
        for (upstream, _) in &options.upstreams {
            require_askable("--upstream", upstream, &options.listen)?;
        }
        if let Holding::Through(proxy, _) = &options.holding {
            require_askable("--through", proxy, &options.listen)?;
        }
        go_together(&given)?;
        Ok(Some(options))
    }
}

/// Sees to it that no more than one way to hold what is upstream is given, and nothing that has no effect with it.
fn go_together(given: &[String]) -> Result<(), Problem> {
    let mut modes = MODES.iter().filter(|(mode, _)| given.iter().any(|option| option == mode));
    let (Some((mode, idle)), other) = (modes.next(), modes.next()) else { return Ok(()) };
    if let Some((other, _)) = other {
        return Err(format!("{mode} and {other} do not go together: one counts for all upstreams").into());
    }
    match given.iter().find(|option| idle.contains(&option.as_str())) {
        Some(option) => Err(format!("{option} has no effect with {mode}").into()),
        None => Ok(()),
    }
}

/// The ways to hold what is upstream, each with what has no effect there.
const MODES: [(&str, &[&str]); 5] = [
    ("--mirror", &[]),
    // What is passed on is all of a directory.
    ("--only", &["--feed"]),
    // A feed shows lifetimes.
    ("--through", &["--unconfirmed"]),
    ("--aware", &["--feed", "--duplicates", "--unconfirmed", "--registrations"]),
    ("--cache", &["--feed", "--duplicates", "--unconfirmed", "--registrations", "--away"]),
];

/// Reads the URI of an upstream, and what is known of it.
fn upstream(argument: &str) -> Result<(ResourceUri, Query), String> {
    let (uri, summary) = argument.split_once('?').unwrap_or((argument, ""));
    Ok((host(uri)?, selection(summary)?))
}

/// Reads what registrations are selected by.
fn selection(argument: &str) -> Result<Query, String> {
    let query = Query::parse(argument).map_err(|problem| problem.to_string())?;
    match query.page() {
        Some(_) => Err("count and page do not belong there: a selection has no page".into()),
        None => Ok(query),
    }
}

fn duplicates(argument: &str) -> Result<Duplicates, String> {
    match argument {
        "newest" => Ok(Duplicates::Newest),
        "both" => Ok(Duplicates::All),
        _ => Err("must be newest or both".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(options: &str) -> Option<String> {
        let line = format!("--listen 127.0.0.1:5801 --upstream coap://127.0.0.1:5683 {options}");
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        Options::parse(&mut Arguments::new(words.into_iter())).err().map(|problem| problem.to_string())
    }

    #[test]
    fn what_would_have_no_effect_is_refused() {
        for (wrong, why) in [
            ("--cache --feed", "--feed has no effect with --cache"),
            ("--feed --only d=floor-3", "--feed has no effect with --only"),
            ("--aware --duplicates both", "--duplicates has no effect with --aware"),
            ("--cache --away 7", "--away has no effect with --cache"),
            ("--cache --only d=floor-3", "--only and --cache do not go together: one counts for all upstreams"),
        ] {
            assert_eq!(problem(wrong).as_deref(), Some(why));
        }
        for right in ["", "--feed --away 7", "--aware --away 7", "--cache --stale 7 --partial", "--only d=floor-3"] {
            assert_eq!(problem(right), None, "{right}");
        }
    }

    #[test]
    fn a_selection_has_no_page() {
        for wrong in ["--only count=7", "--only d=floor-3&count=7&page=1", "--upstream coap://rd.example?count=7"] {
            assert!(problem(wrong).is_some_and(|why| why.ends_with("a selection has no page")), "{wrong}");
        }
    }

    #[test]
    fn a_proxy_is_not_in_front_of_itself() {
        for wrong in ["--upstream coap://127.0.0.1:5801", "--through coap://127.0.0.1:5801"] {
            assert!(problem(wrong).is_some_and(|why| why.contains("another program")), "{wrong}");
        }
    }
}
