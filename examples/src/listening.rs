use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use waypost::client::ResourceUri;
use waypost::coap::Driver;
use waypost::rest::Service;

use crate::Problem;

/// Has a driver listen on an address that the command line names, and returns the one that it has got.
pub fn listen<S: Service>(driver: &mut Driver<S>, address: SocketAddr) -> Result<SocketAddr, Problem> {
    listen_at(driver, address).map_err(|problem| format!("{problem}; --listen ADDR:PORT names another").into())
}

/// Has a driver listen on an address that cannot be another, and returns the one that it has got.
pub fn listen_at<S: Service>(driver: &mut Driver<S>, address: SocketAddr) -> Result<SocketAddr, Problem> {
    driver.listen(address).map_err(|error| cannot_listen(address, &error).into())
}

/// Has a driver listen on any address of this host, for each family of addresses that the system has, on a port that is free: for who
/// asks others and is not asked. Returns what it has got.
pub fn listen_anywhere<S: Service>(driver: &mut Driver<S>) -> Result<Vec<SocketAddr>, Problem> {
    some_of(ANYWHERE, |address| listen_at(driver, address))
}

/// Sees to it that who is to be asked is somebody else than the program that listens on these addresses, and can be asked from one
/// of them.
pub fn require_askable(option: &str, uri: &ResourceUri, own: &[SocketAddr]) -> Result<(), Problem> {
    let host = uri.authority().as_str().trim_start_matches("coap://");
    let Ok(mut asked) = host.parse::<SocketAddr>().or_else(|_| format!("{host}:5683").parse()) else {
        // A name says nothing about that.
        return Ok(());
    };
    if let SocketAddr::V6(asked) = &mut asked {
        asked.set_scope_id(uri.zone().unwrap_or_default());
    }
    let is_own = |own: &SocketAddr| {
        let is_anywhere = own.ip().is_unspecified() && own.is_ipv4() == asked.is_ipv4() && asked.ip().is_loopback();
        *own == asked || is_anywhere && own.port() == asked.port()
    };
    if let Some(own) = own.iter().find(|address| is_own(address)) {
        return Err(format!("{option} {uri}: must be another program: this one listens on {own} itself").into());
    }
    // As the driver chooses where to ask from.
    let asks = |own: &SocketAddr| {
        let is_there = own.ip().is_unspecified() || own.ip().is_loopback() == asked.ip().is_loopback();
        own.is_ipv4() == asked.is_ipv4() && is_there
    };
    if !own.iter().any(asks) {
        let missing = match (asked.ip().is_loopback(), asked.is_ipv4()) {
            (true, true) => "such as 127.0.0.1:0",
            (true, false) => "such as [::1]:0",
            (false, true) => "on an IPv4 address that is not loopback",
            (false, false) => "on an IPv6 address that is not loopback",
        };
        return Err(format!("{option} {uri}: cannot be asked from any --listen: give one more, {missing}").into());
    }
    Ok(())
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

    #[test]
    fn a_program_does_not_ask_itself() {
        let own = ["127.0.0.1:5801", "[fe80::1%2]:5683", "0.0.0.0:5802"].map(|own| own.parse().unwrap());
        let require_askable = |uri: ResourceUri| require_askable("--upstream", &uri, &own);
        for (uri, zone) in [("127.0.0.1:5801", 0), ("[fe80::1]", 2), ("[fe80::1]:5683", 2), ("127.0.0.1:5802", 0)] {
            let uri = ResourceUri::new(&format!("coap://{uri}")).unwrap().in_zone(zone);
            assert!(require_askable(uri.clone()).is_err(), "{uri}");
        }
        for (uri, zone) in
            [("127.0.0.1", 0), ("127.0.0.2:5801", 0), ("[fe80::1]", 3), ("[fe80::2]:5802", 2), ("rd.example", 0)]
        {
            let uri = ResourceUri::new(&format!("coap://{uri}")).unwrap().in_zone(zone);
            assert!(require_askable(uri.clone()).is_ok(), "{uri}");
        }
    }

    #[test]
    fn who_is_asked_is_where_an_own_address_can_send_to() {
        let require_askable =
            |uri, own: &str| require_askable("--peer", &ResourceUri::new(uri).unwrap(), &[own.parse().unwrap()]);
        for (uri, own, missing) in [
            ("coap://[::1]:5702", "127.0.0.1:5701", "such as [::1]:0"),
            ("coap://127.0.0.1:5702", "[::]:5701", "such as 127.0.0.1:0"),
            ("coap://127.0.0.1:5702", "192.0.2.1:5701", "such as 127.0.0.1:0"),
            ("coap://192.0.2.2", "127.0.0.1:5701", "on an IPv4 address that is not loopback"),
            ("coap://[2001:db8::2]", "[::1]:5701", "on an IPv6 address that is not loopback"),
        ] {
            let told = require_askable(uri, own).unwrap_err().to_string();
            assert!(told.ends_with(&format!("one more, {missing}")), "{uri} from {own}: {told}");
        }
        for (uri, own) in [
            ("coap://[::1]:5702", "[::]:5701"),
            ("coap://192.0.2.2", "192.0.2.1:5701"),
            ("coap://192.0.2.2", "0.0.0.0:5701"),
            ("coap://rd.example", "127.0.0.1:5701"),
        ] {
            assert!(require_askable(uri, own).is_ok(), "{uri} from {own}");
        }
    }
}
