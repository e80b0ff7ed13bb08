//! A program that hosts a directory on CoAP, and goes on using it in process while the network does.
//!
//! `cargo run --release --example host`; then, for instance, `cargo run --release --example lookup -- coap://127.0.0.1 ep=host --observe`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use waypost::coap::{Config as CoapConfig, Driver, Endpoint, Handle};
use waypost::directory::Scope;
use waypost::server::{Server, ServerConfig};
use waypost::{Config, Directory, Instant, Query, Registration, ReplicaId};
use waypost_examples::{Arguments, Problem, ended, listen_at, say};

const HELP: &str = "\
Hosts a CoRE Resource Directory (RFC 9176) at coap://127.0.0.1:5683, and goes on registering in it in process.

Usage: host [--help]

Prints which endpoints come and go, whoever registers them. Ends on SIGINT and SIGTERM.";

fn main() -> ExitCode {
    let read = |arguments: &mut Arguments| match arguments.poll().as_deref() {
        None => Ok(Some(())),
        Some("--help" | "-h") => Ok(None),
        Some(argument) => Err(format!("{argument} is not known").into()),
    };
    waypost_examples::main("host", HELP, read, host)
}

async fn host((): ()) -> Result<ExitCode, Problem> {
    let mut directory = Directory::new(Config::new(*b"keep it a secret", ReplicaId(1)));
    directory.watch(Instant::ZERO, Scope::Endpoints, Query::all())?;
    let server = Server::new(directory, ServerConfig::default());
    let mut driver = Driver::new(Endpoint::new(server, CoapConfig::random()));
    let end = ended()?;
    say(format_args!("listening on coap://{}", listen_at(&mut driver, ADDRESS)?));

    // The driver owns the server. Other tasks reach it by a handle, between two steps of the driver.
    let application = tokio::spawn(application(driver.handle()));
    driver
        .run_until(async {
            tokio::select! {
                result = application => result?,
                () = end => Ok(()),
            }
        })
        .await??;
    Ok(ExitCode::SUCCESS)
}

/// Registers a resource that changes every second, and says which endpoints came and went, whoever registered them.
async fn application(handle: Handle<Server>) -> Result<(), Problem> {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for count in 0_u64.. {
        second.tick().await;
        let links = format!(r#"</count>;rt="counter";title="{count}""#);
        let registration = Registration::parse("ep=host&lt=60&base=coap://[2001:db8::1]", &links)?;
        let events = handle.update(move |now, server| {
            let directory = server.directory_mut();
            directory.register(now, registration)?;
            Ok::<_, Problem>(std::iter::from_fn(|| directory.poll_watch()).collect::<Vec<_>>())
        });
        for event in events.await?? {
            say(format_args!("{count} s: {} {:?}", event.location, event.what));
        }
    }
    Ok(())
}

const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5683);
