//! A look-up proxy in front of resource directories, of whatever make: answers look-ups for them.
//!
//! `cargo run --release --example proxy -- --listen 127.0.0.1:5801 --upstream coap://127.0.0.1:5683`

mod options;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use waypost::client::Fault;
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::rest::Code;
use waypost::server::{Server, ServerConfig};
use waypost::sync::{Holding, Proxy, ProxyEvent, Replicated, Replicator, SyncConfig, SyncEvent};
use waypost::{Config, Directory, LinkDocumentBuf, ReplicaId};
use waypost_examples::{Arguments, Problem, ended, listen, log, random, say};

use crate::options::{HELP, Options};

fn main() -> ExitCode {
    // What directories it is in front of is looked at before anything begins.
    let read = |arguments: &mut Arguments| {
        Options::parse(arguments)?.map(|options| Ok((proxy(&options)?, options))).transpose()
    };
    waypost_examples::main("proxy", HELP, read, serve)
}

async fn serve((proxy, options): (Proxy<Server>, Options)) -> Result<ExitCode, Problem> {
    let mut config = CoapConfig::random();
    config.limits.response_body = options.proxy.limits.answer_bytes;
    let mut driver = Driver::new(Endpoint::new(proxy, config));
    let is_through = matches!(options.holding, Holding::Through(..));
    let mut is_refused = false;
    driver.on_step(move |_, proxy| {
        let mut is_changed = false;
        while let Some(event) = proxy.poll_event() {
            is_changed |= matches!(event, ProxyEvent::Discovered { .. });
            log(event);
        }
        if is_changed {
            let registrations = proxy.registrations();
            proxy.replicated_mut().service_mut().send_registrants_to(registrations);
        }
        while let Some(event) = proxy.replicated_mut().replicator_mut().poll_event() {
            let was_refused = std::mem::replace(&mut is_refused, matches!(event, SyncEvent::NotPassedOn { .. }));
            match event {
                // It has been told what the source does not pass on.
                SyncEvent::Failed { fault: Fault::Code(Code::NOT_FOUND), .. } if was_refused => {}
                SyncEvent::Failed {
                    source,
                    fault: Fault::NoInterface | Fault::Code(Code::FORBIDDEN | Code::NOT_FOUND),
                    retry,
                } if is_through => {
                    let retry = retry.as_secs();
                    log(format_args!("{source}: offers no feed (is --feed given there?); again in {retry} s"));
                }
                SyncEvent::ShowsOthers { source, authority } => log(format_args!(
                    "{source}: shows what is registered at {authority} as well, which is asked for and not mirrored; to mirror it, \
                     give --upstream {authority}, and --through {source} if that was given --feed"
                )),
                event => log(event),
            }
        }
    });
    let end = ended()?;
    for address in options.listen {
        say(format_args!("listening on coap://{}", listen(&mut driver, address)?));
    }
    driver.run_until(end).await?;
    Ok(ExitCode::SUCCESS)
}

/// Makes a server that takes no registrations, with the engine that mirrors and the proxy around it.
fn proxy(options: &Options) -> Result<Proxy<Server>, Problem> {
    let mut own = Config::new(*b"nothing is local", ReplicaId(random()));
    own.epoch = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    own.limits = waypost::directory::Limits::with_room_for(options.registrations);
    let mut server = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
    let mut sync = SyncConfig::new(random());
    sync.limits = options.limits;
    if options.has_feed {
        sync.passes_on = true;
        server.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed";obs"#)?;
    }
    let replicated = Replicated::new(Server::new(Directory::new(own), server), Replicator::new(sync));
    let mut proxy = Proxy::new(replicated, options.proxy.clone());
    for (upstream, summary) in &options.upstreams {
        let added = proxy.add_upstream_of(upstream, options.holding.clone(), summary.clone());
        added.map_err(|problem| format!("--upstream {upstream}: {problem}"))?;
    }
    Ok(proxy)
}
