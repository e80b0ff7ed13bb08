"""A wire between two programs that can be cut, so that a part of the network is split off without privileges."""

import asyncio

from harness import free_port


class Wire:
    """Each of the programs finds the other at its own end of the wire, and hears from it there."""

    def __init__(self, one, other):
        self.ends = _End(one), _End(other)

    async def start(self):
        one, other = self.ends
        await one.start(other)
        await other.start(one)
        return self

    @property
    def uri(self):
        """Where the first program finds the second."""
        return self.ends[0].uri

    @property
    def uri_back(self):
        """Where the second program finds the first."""
        return self.ends[1].uri

    def cut(self, there=True, back=True):
        """Loses what the first program sends, what the second sends, or both, from now on."""
        self.ends[0].is_cut, self.ends[1].is_cut = there, back

    def mend(self):
        self.cut(there=False, back=False)

    def end(self):
        for end in self.ends:
            end.transport.close()


class _End(asyncio.DatagramProtocol):
    """What comes in at one end goes out at the other."""

    def __init__(self, program):
        self.program = ("127.0.0.1", program)
        self.here = ("127.0.0.1", free_port())
        self.uri = f"coap://127.0.0.1:{self.here[1]}"
        self.is_cut = False

    async def start(self, other):
        self.other = other
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=self.here)

    def datagram_received(self, data, _):
        if not self.is_cut:
            self.other.transport.sendto(data, self.other.program)
