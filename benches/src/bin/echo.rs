//! Sends back what it gets: the rate at which UDP can be served at all, to compare a server with.
//!
//! ```text
//! cargo run --release -p waypost-benches --bin echo -- 127.0.0.1:5999 [BYTES [SECONDS]]
//! ```
//!
//! One task of tokio, as the driver of `waypost::coap` is, with one call of the operating system for each datagram that is read
//! and one for each that is written. Given BYTES, every answer is brought to that length, as the answers of a server are longer than what they
//! answer. Ends after SECONDS, ten minutes by default.

use core::time::Duration;
use std::io;
use std::process::ExitCode;

use tokio::net::UdpSocket;
use waypost_benches::loopback;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(Ok(address)) = arguments.next().map(|argument| loopback(&argument)) else {
        eprintln!("usage: echo 127.0.0.1:PORT [BYTES [SECONDS]]");
        return ExitCode::from(2);
    };
    let bytes = arguments.next().and_then(|argument| argument.parse().ok());
    let seconds = arguments.next().and_then(|argument| argument.parse().ok()).unwrap_or(600);
    let serve = async {
        let socket = UdpSocket::bind(address).await?;
        println!("listening on coap://{}", socket.local_addr()?);
        match tokio::time::timeout(Duration::from_secs(seconds), echo(&socket, bytes)).await {
            Ok(result) => result,
            Err(_) => Ok(()),
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn echo(socket: &UdpSocket, bytes: Option<usize>) -> io::Result<()> {
    let mut buffer = [0; LONGEST];
    loop {
        socket.readable().await?;
        for _ in 0..BURST {
            let (len, remote) = match socket.try_recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error),
            };
            let len = bytes.map_or(len, |bytes| bytes.min(LONGEST));
            while socket
                .try_send_to(&buffer[..len], remote)
                .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            {
                socket.writable().await?;
            }
        }
    }
}

/// The longest datagram that is read.
const LONGEST: usize = 2048;
/// How many datagrams are read in a row.
const BURST: usize = 64;
