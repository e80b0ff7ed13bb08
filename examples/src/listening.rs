use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use waypost::coap::Driver;
use waypost::rest::Service;

use crate::Problem;

/// Has a driver listen on an address, and returns the one that it has got.
pub fn listen<S: Service>(driver: &mut Driver<S>, address: SocketAddr) -> Result<SocketAddr, Problem> {
    driver
        .listen(address)
        .map_err(|error| format!("{}; --listen ADDR:PORT names another", cannot_listen(address, &error)).into())
}

/// Has a driver listen on any address of this host, for each family of addresses that the system has, on a port that is free: for who
/// asks others and is not asked. Returns what it has got.
pub fn listen_anywhere<S: Service>(driver: &mut Driver<S>) -> Result<Vec<SocketAddr>, Problem> {
    some_of(ANYWHERE, |address| driver.listen(address).map_err(|error| cannot_listen(address, &error).into()))
}

/// Says why an address cannot be listened on, to who is not to know the words of the operating system.
fn cannot_listen(address: SocketAddr, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => "another program does".into(),
        io::ErrorKind::AddrNotAvailable => format!("{} is not an address of this host", address.ip()),
        io::ErrorKind::PermissionDenied => format!("port {} is not for this user", address.port()),
        _ => error.to_string(),
    };
    format!("cannot listen on {address}: {why}")
}

/// Returns what can be opened, or if that is nothing, why.
fn some_of<E>(
    addresses: [SocketAddr; 2],
    open: impl FnMut(SocketAddr) -> Result<SocketAddr, E>,
) -> Result<Vec<SocketAddr>, E> {
    match addresses.map(open) {
        [Ok(one), Ok(other)] => Ok(vec![one, other]),
        [Ok(one), Err(_)] | [Err(_), Ok(one)] => Ok(vec![one]),
        [Err(error), Err(_)] => Err(error),
    }
}

const ANYWHERE: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0), SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_family_of_addresses_is_enough() {
        let [v4, v6] = ANYWHERE;
        let opened = |has: fn(SocketAddr) -> bool| {
            some_of(ANYWHERE, |address| if has(address) { Ok(address) } else { Err(address) })
        };
        assert_eq!(opened(|_| true), Ok(vec![v4, v6]));
        assert_eq!(opened(|address| address.is_ipv4()), Ok(vec![v4]));
        assert_eq!(opened(|address| address.is_ipv6()), Ok(vec![v6]));
        assert_eq!(opened(|_| false), Err(v4));
    }
}
