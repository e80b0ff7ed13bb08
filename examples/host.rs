//! A program that hosts a directory on CoAP, and goes on using it in process while the network does.
//!
//! `cargo run --release --example host`; then, for instance, `cargo run --example lookup -- coap://127.0.0.1 ep=host --observe`

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use waypost::coap::{Config as CoapConfig, Driver, Endpoint, Handle};
use waypost::server::{Server, ServerConfig};
use waypost::{Config, Directory, Registration, ReplicaId};

type Problem = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Problem> {
    let directory = Directory::new(Config::new(*b"keep it a secret", ReplicaId(1)));
    let server = Server::new(directory, ServerConfig::default());
    let mut driver = Driver::new(Endpoint::new(server, CoapConfig::random()));
    let local = driver.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 5683)))?;
    println!("listening on coap://{local}");

    // The driver owns the server. Other tasks reach it by a handle, between two steps of the driver.
    let application = tokio::spawn(application(driver.handle()));
    driver
        .run_until(async {
            tokio::select! {
                result = application => result?,
                result = tokio::signal::ctrl_c() => Ok(result?),
            }
        })
        .await?
}

/// Registers a resource that changes every second, and says how many endpoints there are.
async fn application(handle: Handle<Server>) -> Result<(), Problem> {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for count in 0_u64.. {
        second.tick().await;
        let links = format!(r#"</count>;rt="counter";title="{count}""#);
        let registration = Registration::parse("ep=host&lt=60&base=coap://[2001:db8::1]", &links)?;
        let endpoints = handle.update(move |now, server| {
            server.directory_mut().register(now, registration)?;
            Ok::<_, Problem>(server.directory().endpoints(now, &waypost::Query::all()).count())
        });
        println!("{count}: {} endpoints", endpoints.await??);
    }
    Ok(())
}
