"""Single datagrams, written by hand: what is not CoAP, duplicates, pings (RFC 7252 section 4)."""

import asyncio

from harness import Observation, check, expect, remove

CON, NON, ACK, RST = range(4)


class Socket(asyncio.DatagramProtocol):
    """A UDP socket that keeps what arrives."""

    def __init__(self):
        self.received = asyncio.Queue()

    def datagram_received(self, data, _):
        self.received.put_nowait(data)

    @classmethod
    async def to(cls, directory):
        host, _, port = directory.authority.rpartition(":")
        address = (host.strip("[]"), int(port))
        self = cls()
        self.transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, remote_addr=address)
        return self

    async def exchange(self, datagram):
        self.transport.sendto(datagram)
        return await asyncio.wait_for(self.received.get(), 5)


def header(kind, code, message_id, token=b""):
    return bytes([0x40 | kind << 4 | len(token), code]) + message_id.to_bytes(2, "big") + token


def option(delta, value):
    """An option whose delta and length are below 269."""
    first, rest = 0, b""
    for shift, number in [(4, delta), (0, len(value))]:
        if number < 13:
            first |= number << shift
        else:
            first |= 13 << shift
            rest += bytes([number - 13])
    return bytes([first]) + rest + value


def parts(datagram):
    kind, code = datagram[0] >> 4 & 3, datagram[1]
    token_length = datagram[0] & 15
    return kind, f"{code >> 5}.{code & 31:02}", int.from_bytes(datagram[2:4], "big"), datagram[4 : 4 + token_length]


PING = header(CON, 0, 0x7001)
PONG = header(RST, 0, 0x7001)


@check
async def a_ping_is_answered_with_a_reset(directory):
    socket = await Socket.to(directory)
    expect("answer", PONG, await socket.exchange(PING))
    socket.transport.close()


@check
async def what_is_not_coap_is_ignored(directory):
    socket = await Socket.to(directory)
    rubbish = [
        b"",
        b"\x00",
        b"\x40",
        b"\x40\x01\x00",
        b"hello, world",
        bytes([0x00, 0x01, 0x12, 0x34]),
        bytes([0xC0, 0x01, 0x12, 0x34]),
        b"\xff" * 1200,
        # Non-confirmable messages with a format error: a token of 9 bytes, a payload marker without payload, an option
        # that is longer than the message.
        bytes([0x59, 0x01, 0x12, 0x34]) + bytes(9),
        header(NON, 1, 0x1234) + b"\xff",
        header(NON, 1, 0x1234) + b"\xbe\xff\xff",
        # An acknowledgement and a reset of nothing.
        header(ACK, 0, 0x4321),
        header(RST, 0, 0x4321),
    ]
    for datagram in rubbish:
        socket.transport.sendto(datagram)
    # The first answer is that to the ping after them.
    expect("answer", PONG, await socket.exchange(PING))
    expect("answers besides", 0, socket.received.qsize())
    socket.transport.close()


@check
async def confirmable_messages_that_are_not_requests_are_reset(directory):
    socket = await Socket.to(directory)
    broken = [
        header(CON, 1, 0x2001) + b"\xff",
        header(CON, 1, 0x2001) + b"\xbe\xff\xff",
        bytes([0x49, 0x01, 0x20, 0x01]) + bytes(9),
        # An empty message with a token, and a reserved class of code.
        header(CON, 0, 0x2001, b"t"),
        header(CON, 0x20 | 1, 0x2001),
        # A response to no request.
        header(CON, 0x45, 0x2001, b"t"),
    ]
    for datagram in broken:
        kind, code, message_id, _ = parts(await socket.exchange(datagram))
        expect(f"type of the answer to {datagram.hex()}", RST, kind)
        expect("code", "0.00", code)
        expect("message ID", 0x2001, message_id)
    socket.transport.close()


@check
async def a_duplicate_is_answered_alike_and_has_no_second_effect(directory):
    socket = await Socket.to(directory)
    location = await directory.register("dg-1", "</a>", "base=coap://dg.example")
    delete = header(CON, 4, 0x3001, b"\x01\x02") + b"".join(
        option(11 if index == 0 else 0, segment.encode()) for index, segment in enumerate(location)
    )
    first = await socket.exchange(delete)
    expect("first answer", (ACK, "2.02", 0x3001, b"\x01\x02"), parts(first))
    expect("answer to the duplicate", first, await socket.exchange(delete))
    fresh = delete[:2] + b"\x30\x02" + delete[4:]
    expect("code for a new message", "4.04", parts(await socket.exchange(fresh))[1])
    socket.transport.close()


@check
async def a_non_confirmable_request_gets_a_non_confirmable_answer(directory):
    socket = await Socket.to(directory)
    request = get(NON, 0x4001, b"n", (".well-known", "core"), ["rt=core.rd"])
    kind, code, _, token = parts(await socket.exchange(request))
    expect("answer", (NON, "2.05", b"n"), (kind, code, token))
    socket.transport.close()


def get(kind, message_id, token, path, query, observe=None):
    """A GET request; the Observe option, if any, comes before the path."""
    options = b"" if observe is None else option(6, bytes([observe] if observe else []))
    options += option(11 if observe is None else 5, path[0].encode())
    options += b"".join(option(0, segment.encode()) for segment in path[1:])
    options += option(4, query[0].encode()) + b"".join(option(0, argument.encode()) for argument in query[1:])
    return header(kind, 1, message_id, token) + options


@check
async def an_observer_that_resets_a_notification_gets_no_more(directory):
    socket = await Socket.to(directory)
    resources = directory.interfaces.resources
    witness = await Observation.start(directory, resources, "d=dg-observe")
    first = await socket.exchange(get(CON, 0x5001, b"ob", resources, ["d=dg-observe"], observe=0))
    expect("answer", (ACK, "2.05", 0x5001, b"ob"), parts(first))

    location = await directory.register("dg-3", "</a>", "d=dg-observe", "base=coap://dg.example")
    kind, code, message_id, token = parts(await asyncio.wait_for(socket.received.get(), 5))
    expect("code and token of the notification", ("2.05", b"ob"), (code, token))
    expect("a confirmable or non-confirmable notification", True, kind in (CON, NON))
    socket.transport.sendto(header(RST, 0, message_id))
    await witness.next()

    await remove(directory, location)
    expect("what the other observer sees", "", await witness.next())
    expect("answer to a ping", PONG, await socket.exchange(PING))
    witness.cancel()
    socket.transport.close()


@check
async def rubbish_in_between_does_not_disturb_a_registration(directory):
    socket = await Socket.to(directory)
    for number in range(50):
        socket.transport.sendto(bytes([number * 5 % 256]) * (number + 1))
    location = await directory.register("dg-2", "</a>", "base=coap://dg.example")
    expect("resources", "<coap://dg.example/a>", await directory.resources("ep=dg-2"))
    await remove(directory, location)
    socket.transport.close()
