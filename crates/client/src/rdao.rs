use core::net::Ipv6Addr;
use core::time::Duration;

/// The Resource Directory Address Option of IPv6 Neighbor Discovery ([RFC 9176 §4.1.1]): where a directory is, and for how
/// long that holds.
///
/// ```
/// use waypost_client::{Candidate, Rdao};
///
/// let option = Rdao { address: "2001:db8::1".parse().unwrap(), lifetime: 600 };
/// assert_eq!(Rdao::parse(&option.to_bytes()), Ok(option));
/// assert_eq!(Candidate::from(option).uri().as_str(), "coap://[2001:db8::1]");
/// ```
///
/// [RFC 9176 §4.1.1]: https://www.rfc-editor.org/rfc/rfc9176#section-4.1.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rdao {
    /// The address of the directory.
    pub address: Ipv6Addr,
    /// For how many seconds from its receipt on the address is valid. Zero says that it is not valid any more.
    pub lifetime: u32,
}

impl Rdao {
    /// The type of the option among those of Neighbor Discovery.
    pub const TYPE: u8 = 41;
    /// The length of the option in units of eight bytes.
    pub const LENGTH: u8 = 3;

    /// Reads the option, from its type to the end of the address. What is reserved is ignored.
    ///
    /// # Errors
    ///
    /// When type, length or number of bytes are not those of the option.
    pub fn parse(option: &[u8]) -> Result<Self, InvalidRdao> {
        let option: &[u8; 24] = option.try_into().map_err(|_| InvalidRdao(()))?;
        let [Self::TYPE, Self::LENGTH, _, _, rest @ ..] = option else { return Err(InvalidRdao(())) };
        let (lifetime, address) = rest.split_first_chunk::<4>().ok_or(InvalidRdao(()))?;
        let address: [u8; 16] = address.try_into().map_err(|_| InvalidRdao(()))?;
        Ok(Self { address: address.into(), lifetime: u32::from_be_bytes(*lifetime) })
    }

    /// Finds the directories in the options of a Router Advertisement, which may name several. Other options are skipped;
    /// the search ends where an option is malformed.
    ///
    /// ```
    /// use waypost_client::Rdao;
    ///
    /// let option = Rdao { address: "2001:db8::1".parse().unwrap(), lifetime: 600 };
    /// let mut options = vec![1, 1, 0, 0, 0, 0, 0, 0];
    /// options.extend(option.to_bytes());
    /// assert!(Rdao::find_all(&options).eq([option]));
    /// ```
    pub fn find_all(mut options: &[u8]) -> impl Iterator<Item = Self> {
        core::iter::from_fn(move || {
            let &[_, length, ..] = options else { return None };
            let (option, rest) = options.split_at_checked(usize::from(length) * 8).filter(|_| length > 0)?;
            options = rest;
            Some(Self::parse(option).ok())
        })
        .flatten()
    }

    /// Writes the option.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 24] {
        let mut option = [0; 24];
        option[..2].copy_from_slice(&[Self::TYPE, Self::LENGTH]);
        option[4..8].copy_from_slice(&self.lifetime.to_be_bytes());
        option[8..].copy_from_slice(&self.address.octets());
        option
    }

    /// Returns for how long from its receipt on the address is valid.
    #[must_use]
    pub const fn valid_for(self) -> Duration {
        Duration::from_secs(self.lifetime as u64)
    }
}

/// Says that bytes are no Resource Directory Address Option.
///
/// ```
/// use waypost_client::Rdao;
///
/// assert!(Rdao::parse(&[41, 3]).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a resource directory address option")]
pub struct InvalidRdao(());
