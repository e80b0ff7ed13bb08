use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use waypost::coap::Driver;
use waypost::rest::Service;

use crate::Problem;

/// Has a driver listen on an address, and returns the one that it has got.
pub fn listen<S: Service>(driver: &mut Driver<S>, address: SocketAddr) -> Result<SocketAddr, Problem> {
    driver.listen(address).map_err(|error| cannot_listen(address, &error))
}

/// Says why an address cannot be listened on, to who is not to know the words of the operating system.
pub fn cannot_listen(address: SocketAddr, error: &io::Error) -> Problem {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => "another program does".into(),
        io::ErrorKind::AddrNotAvailable => format!("{} is not an address of this host", address.ip()),
        io::ErrorKind::PermissionDenied => format!("port {} is not for this user", address.port()),
        _ => error.to_string(),
    };
    format!("cannot listen on {address}: {why}; --listen ADDR:PORT names another").into()
}

/// Any address of this host, of both families, on a port that is free: for who asks others and is not asked.
pub fn local_addresses() -> Vec<SocketAddr> {
    vec![(Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv6Addr::UNSPECIFIED, 0).into()]
}
