use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use core::task::{Context, Poll};
use std::io;

use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Type};
use tokio::net::UdpSocket;

use crate::path::DEFAULT_PORT;
use crate::{Datagram, Path};

/// One UDP socket.
#[derive(Debug)]
pub(super) struct Socket {
    udp: UdpSocket,
    /// The address that answers go out from.
    local: SocketAddr,
    is_group: bool,
}

impl Socket {
    pub(super) fn listen(address: SocketAddr) -> io::Result<Self> {
        if address.ip().is_multicast() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let socket = open(address)?;
        // Otherwise a socket on the unspecified address gets what comes to groups that others have joined, and cannot
        // tell it from what is meant for it alone.
        #[cfg(target_os = "linux")]
        match address {
            SocketAddr::V4(_) => socket.set_multicast_all_v4(false)?,
            SocketAddr::V6(_) => socket.set_multicast_all_v6(false)?,
        }
        socket.bind(&address.into())?;
        let udp = UdpSocket::from_std(socket.into())?;
        let local = udp.local_addr()?;
        Ok(Self { udp, local, is_group: false })
    }

    pub(super) fn join(group: IpAddr, interface: u32, local: SocketAddr) -> io::Result<Self> {
        if !group.is_multicast() || group.is_ipv4() != local.is_ipv4() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let bound = match group {
            IpAddr::V4(group) => SocketAddr::new(group.into(), DEFAULT_PORT),
            IpAddr::V6(group) => SocketAddrV6::new(group, DEFAULT_PORT, 0, interface).into(),
        };
        let socket = open(bound)?;
        socket.set_reuse_address(true)?;
        socket.bind(&bound.into())?;
        match group {
            IpAddr::V4(group) => {
                let interface = match interface {
                    0 => InterfaceIndexOrAddress::Address(Ipv4Addr::UNSPECIFIED),
                    index => InterfaceIndexOrAddress::Index(index),
                };
                socket.join_multicast_v4_n(&group, &interface)?;
            }
            IpAddr::V6(group) => socket.join_multicast_v6(&group, interface)?,
        }
        Ok(Self { udp: UdpSocket::from_std(socket.into())?, local, is_group: true })
    }

    pub(super) const fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn sends_from(&self, local: SocketAddr) -> bool {
        !self.is_group && self.local == local
    }

    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.udp.poll_recv_ready(cx)
    }

    /// Reads a datagram; `None` when there is none.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<(Path, usize)>> {
        loop {
            match self.udp.try_recv_from(buffer) {
                Ok((len, remote)) => {
                    let path = match self.is_group {
                        true => Path::multicast(self.local, remote),
                        false => Path::new(self.local, remote),
                    };
                    return Ok(Some((path, len)));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                // An ICMP error about a datagram sent before. Anyone can forge these (RFC 7252 §4.2).
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionReset
                            | io::ErrorKind::ConnectionRefused
                            | io::ErrorKind::HostUnreachable
                            | io::ErrorKind::NetworkUnreachable
                            | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn try_send(&self, datagram: &Datagram) -> io::Result<usize> {
        self.udp.try_send_to(&datagram.payload, datagram.path.remote)
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        self.udp.writable().await
    }
}

fn open(address: SocketAddr) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // Each family has sockets of its own, so that 0.0.0.0 and [::] can be listened on at the same time.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
