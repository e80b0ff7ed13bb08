use std::fmt::Display;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes a line to the log, which is standard error, with the [time of day](time_of_day).
pub fn log(event: impl Display) {
    tell(format_args!("{} {event}", time_of_day()));
}

/// Writes a line to standard error.
pub fn tell(line: impl Display) {
    // Whoever started this may have stopped reading; that is no reason to end.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes a line to standard output at once.
pub fn say(line: impl Display) {
    // As above.
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Returns the time of day in UTC, which is the same on all machines whose logs are laid side by side.
pub fn time_of_day() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (hours, minutes) = (seconds / 3_600 % 24, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}Z", seconds % 60)
}
