use std::fs;
use std::path::Path;

use crate::threads::Latencies;

/// Reads how long requests over UDP took, where `benches/wire` has left it: of each server, lines of microseconds and the share of
/// the requests that took no longer.
pub(crate) fn latencies(folder: &Path) -> Latencies {
    let files = ["echo", "rd", "aiocoap-rd"].map(|server| (server, folder.join(format!("{server}-histogram.txt"))));
    let read = |(server, file): &(&str, _)| Some(((*server).to_owned(), points(&fs::read_to_string(file).ok()?)));
    files.iter().filter_map(read).collect()
}

fn points(text: &str) -> Vec<(f64, f64)> {
    let point = |line: &str| {
        let (micros, share) = line.split_once(' ')?;
        Some((micros.parse::<f64>().ok()? / 1e6, 1.0 - share.parse::<f64>().ok()?))
    };
    text.lines().filter_map(point).filter(|(_, longer)| *longer > 0.0).collect()
}
