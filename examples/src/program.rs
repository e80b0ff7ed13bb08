use std::hash::{BuildHasher as _, RandomState};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::{Arguments, say, tell};

/// Why a program ends that did not do what it was to do.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Runs a program in a runtime of one thread: reads its options, and does with them what it does.
///
/// Ends with 0, or as `run` says; with 2 where the command line cannot be understood, and with 1 where something else goes wrong. Help
/// is wanted where `read` returns no options.
pub fn main<O>(
    name: &str,
    help: &str,
    read: impl FnOnce(&mut Arguments) -> Result<Option<O>, Problem>,
    run: impl AsyncFnOnce(O) -> Result<ExitCode, Problem>,
) -> ExitCode {
    let options = match read(&mut Arguments::of_program()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            say(help);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            tell(format_args!("{name}: {problem}; see --help"));
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Problem::from).and_then(|runtime| {
        let ended = runtime.block_on(run(options));
        // The system may go on looking for the address of a host for long; nobody waits for it any more.
        runtime.shutdown_background();
        ended
    });
    ended.unwrap_or_else(|problem| {
        tell(format_args!("{name}: {problem}"));
        ExitCode::FAILURE
    })
}

/// Returns what is there when the program is told to end, by SIGINT or SIGTERM. These are listened for from now on.
pub fn ended() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Draws from what the operating system gives the standard library for its hash maps.
pub fn random() -> u64 {
    RandomState::new().hash_one(0)
}
