use core::error::Error;
use core::fmt;
use core::net::SocketAddr;

/// Reads an address and port, with or without `coap://`, that lies on this machine.
///
/// The programs here send as much as they can, which nobody else's network should have to bear.
///
/// ```
/// use waypost_benches::loopback;
///
/// assert_eq!(loopback("coap://127.0.0.1:5683")?, loopback("127.0.0.1:5683")?);
/// assert!(loopback("coap://192.0.2.1:5683").is_err());
/// # Ok::<(), waypost_benches::NotLoopback>(())
/// ```
///
/// # Errors
/// [`NotLoopback`] for everything else.
pub fn loopback(text: &str) -> Result<SocketAddr, NotLoopback> {
    let authority = text.strip_prefix("coap://").unwrap_or(text).trim_end_matches('/');
    let address: SocketAddr = authority.parse().map_err(|_| NotLoopback)?;
    if address.ip().is_loopback() { Ok(address) } else { Err(NotLoopback) }
}

/// The error for an address that does not lie on this machine.
///
/// ```
/// use waypost_benches::loopback;
///
/// assert_eq!(loopback("localhost").unwrap_err().to_string(), "not an address and port of the loopback interface");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotLoopback;

impl fmt::Display for NotLoopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address and port of the loopback interface")
    }
}

impl Error for NotLoopback {}
