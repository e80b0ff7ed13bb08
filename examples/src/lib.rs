//! What the programs have in common: the command line, the log, sockets, and how a program ends.

mod arguments;
mod listening;
mod log;
mod program;

pub use arguments::{Arguments, host, uri, value, zone};
pub use listening::{listen, listen_anywhere, listen_at, require_askable};
pub use log::{log, say, tell, time_of_day};
pub use program::{Problem, ended, main, random};
