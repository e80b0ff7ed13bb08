use bytes::Bytes;

use crate::Path;

/// A datagram to be sent.
///
/// ```
/// # use waypost_coap::Datagram;
/// fn send(socket: &std::net::UdpSocket, datagram: &Datagram) -> std::io::Result<usize> {
///     socket.send_to(&datagram.payload, datagram.path.remote)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Datagram {
    /// From where to where.
    pub path: Path,
    /// What.
    pub payload: Bytes,
}
