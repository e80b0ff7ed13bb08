use std::fmt::Display;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use waypost::client::ResourceUri;

use crate::Problem;

/// The arguments of a program, from left to right. What is wrong with one is told with the option that it is for.
pub struct Arguments {
    rest: Box<dyn Iterator<Item = String>>,
    /// What came with the option itself: `--option=value`.
    value: Option<String>,
}

impl Arguments {
    /// Returns those that this program was started with.
    pub fn of_program() -> Self {
        // What is not Unicode is told as it can be shown, where it is not what it has to be.
        Self::new(std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()))
    }

    /// Returns these.
    pub fn new(arguments: impl Iterator<Item = String> + 'static) -> Self {
        Self { rest: Box::new(arguments), value: None }
    }

    /// Returns the next option, or what stands for itself.
    pub fn poll(&mut self) -> Option<String> {
        let argument = self.value.take().or_else(|| self.rest.next())?;
        Some(match argument.split_once('=').filter(|(option, _)| option.starts_with("--")) {
            Some((option, value)) => {
                self.value = Some(value.into());
                option.into()
            }
            None => argument,
        })
    }

    /// Returns the value of an option as written.
    pub fn text(&mut self, option: &str) -> Result<String, Problem> {
        self.value.take().or_else(|| self.rest.next()).ok_or_else(|| format!("{option} needs a value").into())
    }

    /// Reads the value of an option.
    pub fn value<T: FromStr<Err: Display>>(&mut self, option: &str) -> Result<T, Problem> {
        self.read(option, str::parse)
    }

    /// Reads a whole number.
    pub fn number<T: FromStr>(&mut self, option: &str) -> Result<T, Problem> {
        self.read(option, |text| text.parse().map_err(|_| "must be a whole number, and not too large"))
    }

    /// Reads a whole number that is not zero.
    pub fn number_from_one(&mut self, option: &str) -> Result<u32, Problem> {
        self.read(option, |text| match text.parse() {
            Ok(0) | Err(_) => Err("must be a whole number from 1 on, and not too large"),
            Ok(number) => Ok(number),
        })
    }

    /// Reads a time span.
    pub fn seconds(&mut self, option: &str) -> Result<Duration, Problem> {
        Ok(Duration::from_secs(self.number::<u32>(option)?.into()))
    }

    /// Reads an address to listen on.
    pub fn address(&mut self, option: &str) -> Result<SocketAddr, Problem> {
        self.read(option, address)
    }

    /// Reads the URI of somebody to ask.
    pub fn uri(&mut self, option: &str) -> Result<ResourceUri, Problem> {
        self.read(option, uri)
    }

    /// Reads the URI of a host whose interfaces are discovered.
    pub fn host(&mut self, option: &str) -> Result<ResourceUri, Problem> {
        self.read(option, host)
    }

    /// Reads 128 bits that nobody else is to know.
    pub fn secret(&mut self, option: &str) -> Result<[u8; 16], Problem> {
        self.read(option, |digits| {
            let is_hex = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let bits = if is_hex { u128::from_str_radix(digits, 16).ok() } else { None };
            bits.map(u128::to_be_bytes).ok_or("must be 32 hexadecimal digits")
        })
    }

    /// Reads the value of an option as `read` does.
    pub fn read<T, E: Display>(&mut self, option: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Problem> {
        value(option, &self.text(option)?, read)
    }
}

/// Reads the value of an option, which stands there without it, as `read` does.
pub fn value<T, E: Display>(option: &str, text: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Problem> {
    read(text).map_err(|problem| format!("{option} {text}: {problem}").into())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_multicast() => Err("must be an address of this host, and no group".into()),
        Ok(address) => Ok(address),
        Err(_) if text.parse::<Ipv6Addr>().is_ok() => Err(format!("needs a port, such as [{text}]:5683")),
        Err(_) if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() => {
            Err(format!("needs a port, such as {text}:5683"))
        }
        Err(_) => Err("must be an address, which is no name, and a port, such as 127.0.0.1:5683 or [::1]:5683".into()),
    }
}

/// Reads the URI of a host, and nothing there.
pub fn host(text: &str) -> Result<ResourceUri, String> {
    let uri = uri(text)?;
    match (uri.is_group(), uri.is_host()) {
        (true, _) => Err("must be one host, and no group".into()),
        (_, false) => Err("must be a host without a path: where its interfaces are is discovered".into()),
        _ => Ok(uri),
    }
}

/// Reads a URI. The address of a link can have a zone, `coap://[fe80::1%eth0]`, which URIs have not.
pub fn uri(text: &str) -> Result<ResourceUri, String> {
    if !text.starts_with("coap://") {
        return Err("must begin with coap://, as nothing else is spoken here".into());
    }
    let zoned = text.split_once('%').and_then(|(host, rest)| Some((host, rest.split_once(']')?)));
    let uri = match zoned.filter(|(host, _)| host.starts_with("coap://[")) {
        Some((host, (name, rest))) => {
            let zone = zone(unencoded(name, is_interface))?;
            ResourceUri::new(&format!("{host}]{rest}")).map(|uri| uri.in_zone(zone))
        }
        None => ResourceUri::new(text),
    };
    let uri = uri.map_err(|problem| problem.to_string())?;
    let host = uri.authority().as_str().trim_start_matches("coap://[").split(']').next().unwrap_or_default();
    if uri.zone().is_none() && host.parse::<Ipv6Addr>().is_ok_and(|host| host.is_unicast_link_local()) {
        return Err("needs the interface that it is reached by, such as coap://[fe80::1%eth0]".into());
    }
    Ok(uri)
}

/// Returns the number of a network interface, by that or by its name.
pub fn zone(name: &str) -> Result<u32, String> {
    let number = name.parse().ok().or_else(|| index_of(name));
    number.ok_or_else(|| format!("{name} is no network interface"))
}

/// Returns what follows the sign `%` in front of a network interface, which [RFC 6874] has written as `%25`: `252` is the interface of that
/// number, if there is one, and else 2.
///
/// [RFC 6874]: https://www.rfc-editor.org/rfc/rfc6874
fn unencoded(name: &str, is_interface: impl FnOnce(&str) -> bool) -> &str {
    match name.strip_prefix("25") {
        Some(encoded) if !encoded.is_empty() && !is_interface(name) => encoded,
        _ => name,
    }
}

fn is_interface(name: &str) -> bool {
    let names = || std::fs::read_dir(INTERFACES).into_iter().flatten().flatten();
    let mut indices = names().filter_map(|entry| index_of(&entry.file_name().to_string_lossy()));
    index_of(name).is_some() || name.parse().is_ok_and(|number: u32| indices.any(|index| index == number))
}

fn index_of(name: &str) -> Option<u32> {
    std::fs::read_to_string(format!("{INTERFACES}/{name}/ifindex")).ok()?.trim().parse().ok()
}

const INTERFACES: &str = "/sys/class/net";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_a_host_with_a_port() {
        for right in ["127.0.0.1:0", "[::1]:5683", "[fe80::1%2]:5683"] {
            assert_eq!(address(right).map(|address| address.to_string()), Ok(right.into()));
        }
        for (wrong, why) in [
            ("localhost:5683", "no name"),
            ("127.0.0.1", "such as 127.0.0.1:5683"),
            ("::1", "such as [::1]:5683"),
            ("[::1]", "such as [::1]:5683"),
            ("127.0.0.1:65536", "must be an address"),
            ("224.0.1.190:5683", "no group"),
            ("", "must be an address"),
        ] {
            let told = address(wrong).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }

    #[test]
    fn a_uri_is_one_that_is_spoken_and_names_the_link_of_an_address_that_needs_it() {
        for (right, read, zone) in [
            ("coap://rd.example", "coap://rd.example", None),
            ("coap://rd.example:5684/rd?x=%5D", "coap://rd.example:5684/rd?x=%5D", None),
            ("coap://[fe80::1%7]:5684/rd", "coap://[fe80::1]:5684/rd", Some(7)),
            ("coap://[fe80::1%257]", "coap://[fe80::1]", Some(7)),
            ("coap://[2001:db8::1]", "coap://[2001:db8::1]", None),
        ] {
            let uri = uri(right).unwrap();
            assert_eq!((uri.as_str(), uri.zone()), (read, zone));
        }
        for (wrong, why) in [
            ("http://rd.example", "coap://"),
            ("coaps://rd.example", "coap://"),
            ("127.0.0.1:5683", "coap://"),
            ("coap:/rd.example", "coap://"),
            ("coap://", "with a host"),
            ("coap://rd.example#here", "fragment"),
            ("coap://[fe80::1]", "interface"),
            ("coap://[fe80::1%nowhere0]", "nowhere0 is no network interface"),
        ] {
            let told = uri(wrong).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }

    #[test]
    fn an_interface_is_taken_as_it_is_written_if_there_is_one() {
        for (written, known, read) in [
            ("252", &["252", "2"][..], "252"),
            ("252", &["2"], "2"),
            ("252", &[], "2"),
            ("25g0", &["25g0"], "25g0"),
            ("25eth0", &["eth0"], "eth0"),
            ("25", &[], "25"),
            ("7", &[], "7"),
        ] {
            assert_eq!(unencoded(written, |name| known.contains(&name)), read, "{written} of {known:?}");
        }
        let loopback = index_of("lo").map(|index| index.to_string());
        assert!(loopback.is_none_or(|index| is_interface("lo") && is_interface(&index)));
        assert!(!is_interface("4000000000") && !is_interface("nowhere0") && !is_interface(""));
    }

    #[test]
    fn a_value_can_be_joined_to_its_option() {
        let mut arguments = Arguments::new(["--only=d=floor-3", "FILE", "--only", "--x=y"].map(Into::into).into_iter());
        assert_eq!(arguments.poll().as_deref(), Some("--only"));
        assert_eq!(arguments.text("--only").unwrap(), "d=floor-3");
        assert_eq!(arguments.poll().as_deref(), Some("FILE"));
        assert_eq!(arguments.poll().as_deref(), Some("--only"));
        assert_eq!(arguments.text("--only").unwrap(), "--x=y");
        assert_eq!(arguments.poll(), None);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_option() {
        let mut arguments = Arguments::new(["0", "9", "soon", "-1", "7", "12"].map(Into::into).into_iter());
        assert_eq!(
            arguments.number_from_one("--pages").unwrap_err().to_string(),
            "--pages 0: must be a whole number from 1 on, and not too large"
        );
        assert_eq!(arguments.number_from_one("--pages").unwrap(), 9);
        assert_eq!(
            arguments.seconds("--away").unwrap_err().to_string(),
            "--away soon: must be a whole number, and not too large"
        );
        assert!(arguments.number::<usize>("--registrations").is_err());
        assert_eq!(arguments.seconds("--away").unwrap(), Duration::from_secs(7));
        assert_eq!(arguments.secret("--secret").unwrap_err().to_string(), "--secret 12: must be 32 hexadecimal digits");
        assert_eq!(arguments.text("--listen").unwrap_err().to_string(), "--listen needs a value");
    }
}
