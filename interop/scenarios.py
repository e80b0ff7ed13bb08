#!/usr/bin/env python3
"""Plays the scenarios of draft-amsuess-core-rd-replication with programs of their own, and compares what is answered.

    scenarios.py DIRECTORY-OF-PROGRAMS [WORD...]

With words, only the scenarios run whose name contains one of them. They run side by side, on loopback, on free ports.
"""

import asyncio
import logging
import os
import re
import signal
import sys
import tempfile
import time

import aiocoap
from aiocoap import CHANGED, CONTENT, CREATED, GET, NOT_FOUND, POST
from aiocoap.resourcedirectory.client.register import Registerer

from harness import LINK_FORMAT, Mismatch, expect, free_port, links, targets
from simple import Device
from wire import Wire

PROGRAMS = None
# Longest time that one scenario may take, in seconds.
TIMEOUT = 180
# What the lines of a log begin with.
TIME_OF_DAY = re.compile(r"^\d\d:\d\d:\d\dZ ")
SECTOR = "facility23.eu.example.com"


# Programs that are not from here, and where they are.
OTHERS = {"aiocoap-rd": os.path.join(os.path.dirname(sys.executable), "aiocoap-rd"), "coap-rd-notls": "coap-rd-notls"}


class Program:
    """A program that speaks CoAP on a port of 127.0.0.1."""

    def __init__(self, *command, port=None):
        self.port = port or free_port()
        self.command = [part.replace("ADDRESS", f"127.0.0.1:{self.port}") for part in command]
        self.authority = f"127.0.0.1:{self.port}"
        self.uri = f"coap://{self.authority}"

    async def start(self):
        path = self.command[0]
        is_own = path not in OTHERS
        program = os.path.join(PROGRAMS, path) if is_own else OTHERS[path]
        out = asyncio.subprocess.PIPE if is_own else asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(
            program, *self.command[1:], stdout=out, stderr=asyncio.subprocess.DEVNULL
        )
        return self

    async def says(self, words, seconds=20):
        """Waits for a line on standard output that begins with these words, after the time, and returns the rest of it."""

        async def line():
            while text := (await self.process.stdout.readline()).decode():
                text = TIME_OF_DAY.sub("", text)
                if text.startswith(words):
                    return text.removeprefix(words).strip()
                said.append(text)
            raise Mismatch(f"{self.command[0]}: expected {words!r}, got {said} and the end")

        said = []
        try:
            return await asyncio.wait_for(line(), seconds)
        except asyncio.TimeoutError:
            raise Mismatch(f"{self.command[0]}: expected {words!r} within {seconds} s, got {said}") from None

    def send_signal(self, number):
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def end(self, number=signal.SIGTERM):
        """Ends the program; what is told to end politely must do so with status 0."""
        self.send_signal(signal.SIGCONT)
        self.send_signal(number)
        status = await asyncio.wait_for(self.process.wait(), 10)
        if number == signal.SIGTERM and self.process.stdout:
            expect(f"status of {self.command[0]}", 0, status)


class Stage:
    """The programs of a scenario, and a client."""

    def __init__(self, context):
        self.context = context
        self.programs = []
        self.wires = []
        self.folder = tempfile.TemporaryDirectory()

    async def program(self, *command, port=None):
        program = await Program(*command, port=port).start()
        self.programs.append(program)
        return program

    async def server(self, *command, port=None):
        program = await self.program(*command, "--listen", "ADDRESS", port=port)
        await program.says("listening on ")
        return program

    async def rd(self, *peers, port=None):
        peers = [part for peer in peers for part in ("--peer", peer)]
        return await self.server("replica", *peers, port=port)

    async def proxy(self, upstreams, *options, port=None):
        upstreams = [part for upstream in upstreams for part in ("--upstream", upstream.uri)]
        return await self.server("proxy", *upstreams, *options, port=port)

    async def aiocoap_rd(self, port=None):
        program = await self.program("aiocoap-rd", "--bind", "ADDRESS", port=port)
        await eventually("aiocoap-rd", lambda: self.answers(program, "/.well-known/core"))
        return program

    async def libcoap_rd(self):
        port = free_port()
        program = await self.program("coap-rd-notls", "-A", "127.0.0.1", "-p", str(port), port=port)
        await eventually("coap-rd", lambda: self.answers(program, "/.well-known/core"))
        return program

    async def registrant(self, endpoint, links, directories, *options):
        """Starts a registrant that knows these directories, in this order."""
        path = os.path.join(self.folder.name, endpoint)
        with open(path, "w") as file:
            file.write(links)
        places = [part for directory in directories for part in ("--rd", directory.uri)]
        return await self.program("register", "--ep", endpoint, *places, *options, path)

    async def wire(self, one, other):
        """Lays a wire between the ports of two programs."""
        wire = await Wire(one, other).start()
        self.wires.append(wire)
        return wire

    async def end(self):
        for program in self.programs:
            if program.process.returncode is None:
                await program.end()

    def clear(self):
        """Leaves nothing behind, however the scenario ended."""
        for program in self.programs:
            program.send_signal(signal.SIGKILL)
        for wire in self.wires:
            wire.end()
        self.folder.cleanup()

    async def request(self, code, uri, query=(), payload="", timeout=25):
        message = aiocoap.Message(code=code, uri=uri, payload=payload.encode())
        message.opt.uri_query = tuple(query)
        if payload:
            message.opt.content_format = LINK_FORMAT
        return await asyncio.wait_for(self.context.request(message).response, timeout)

    async def answers(self, program, path):
        return (await self.request(GET, program.uri + path, timeout=2)).code == CONTENT

    async def register(self, program, endpoint, payload, *query, path="/rd"):
        response = await self.request(POST, program.uri + path, [f"ep={endpoint}", *query], payload)
        expect(f"registration of {endpoint}", CREATED, response.code)
        return "/" + "/".join(response.opt.location_path)

    async def look_up(self, program, interface, *query):
        response = await self.request(GET, f"{program.uri}/rd-lookup/{interface}", query)
        expect(f"look-up {interface}?{'&'.join(query)}", CONTENT, response.code)
        return response.payload.decode()

    async def found(self, program, interface, *query):
        return sorted(targets(await self.look_up(program, interface, *query)))


async def eventually(what, condition, seconds=30):
    """Waits until a condition holds."""
    end = time.monotonic() + seconds
    while True:
        last = "it is otherwise"
        try:
            if await condition():
                return
        except (Mismatch, aiocoap.error.Error, asyncio.TimeoutError, OSError) as error:
            last = str(error)
        if time.monotonic() > end:
            raise Mismatch(f"{what}: expected within {seconds} s, but {last}")
        await asyncio.sleep(0.2)


def becomes(stage, program, expected, interface, *query):
    async def condition():
        expect("found", sorted(expected), await stage.found(program, interface, *query))
        return True

    return condition


def leads_to(stage, proxy, directories):
    """Tells whether one registers at the directories, and looks up at the proxy."""

    async def condition():
        response = await stage.request(GET, proxy.uri + "/.well-known/core", ["rt=core.rd*"])
        expected = sorted(directory.uri + "/rd" for directory in directories) + ["/rd-lookup/res", "/rd-lookup/ep"]
        return targets(response.payload) == expected

    return condition


async def shared_authority(stage):
    """Redundant and replicated resource lookup (anycast): three replicas, a net split, and one that is lost."""
    ports = [free_port() for _ in range(3)]
    uri_of_a, uri_of_b = [f"coap://127.0.0.1:{port}" for port in ports[:2]]
    # C is at a site of its own.
    from_a, from_b = [await stage.wire(port, ports[2]) for port in ports[:2]]
    a = await stage.rd(uri_of_b, from_a.uri, port=ports[0])
    b = await stage.rd(uri_of_a, from_b.uri, port=ports[1])
    c = await stage.rd(from_a.uri_back, from_b.uri_back, port=ports[2])

    response = await stage.request(GET, a.uri + "/.well-known/core", ["rt=core.rd*"])
    expect("discovery", ["/rd", "/rd-lookup/res", "/rd-lookup/ep"], targets(response.payload))

    location = await stage.register(b, "endpoint1", '</sensors/temp>;if="core.s"', f"d={SECTOR}", "base=coap://[2001:db8:23::1]")
    for replica in (a, b, c):
        query = ["ep=endpoint1", f"d={SECTOR}"]
        await eventually("endpoint1 at each replica", becomes(stage, replica, [location], "ep", *query))
    [(target, attributes)] = links(await stage.look_up(a, "ep", "ep=endpoint1", f"d={SECTOR}"))
    expect("base", "coap://[2001:db8:23::1]", dict(attributes)["base"])

    # A net split: registrations go on being taken on both sides, and what differs is merged after it.
    for wire in (from_a, from_b):
        wire.cut()
    base = "base=coap://[2001:db8:24::1]"
    of_a = await stage.register(a, "endpoint2", '</t>;if="core.s"', base)
    await eventually("endpoint2 at B in the net split", becomes(stage, b, [of_a], "ep", "ep=endpoint2"))
    expect("endpoint2 at C in the net split", [], await stage.found(c, "ep", "ep=endpoint2"))
    of_c = await stage.register(c, "endpoint2", '</t>;if="core.s"', base, "floor=3")
    expect("location of endpoint2", of_a, of_c)
    other = await stage.register(c, "endpoint3", '</u>;if="core.s"', base)
    for wire in (from_a, from_b):
        wire.mend()
    for replica in (a, b, c):
        for location_at_c, query in ((of_c, ["ep=endpoint2", "floor=3"]), (other, ["ep=endpoint3"])):
            await eventually(f"{query} after the net split", becomes(stage, replica, [location_at_c], "ep", *query), 60)

    await b.end(signal.SIGKILL)
    response = await stage.request(POST, a.uri + location)
    expect("renewal at another replica", CHANGED, response.code)
    expect("found at C", [location], await stage.found(c, "ep", "ep=endpoint1"))
    # What comes back without memory is told everything.
    b = await stage.rd(uri_of_a, from_b.uri, port=ports[1])
    await eventually("endpoint1 at B again", becomes(stage, b, [location], "ep", "ep=endpoint1"), 60)
    response = await stage.request(POST, b.uri + location)
    expect("renewal at B", CHANGED, response.code)


async def distinct_registration_points(stage):
    """Distinct registration points: proxies in front of three directories, a net split, a handover, localized queries."""
    rds = [await stage.rd() for _ in range(3)]
    a, b, c = rds
    # LP-Y and LP-Z are at sites of their own, from where wires lead to the directories.
    ports = [free_port(), free_port()]
    wires_of_y, wires_of_z = [[await stage.wire(port, rd.port) for rd in rds] for port in ports]
    x = await stage.proxy(rds)
    y = await stage.proxy(wires_of_y, "--only", f"d={SECTOR}", port=ports[0])
    z = await stage.proxy(wires_of_z, port=ports[1])

    def known(proxy, rd, location):
        """What a proxy shows a registration as."""
        sources = {x: rds, y: wires_of_y, z: wires_of_z}
        return [sources[proxy][rds.index(rd)].uri + location]

    await eventually("discovery at LP-Z", leads_to(stage, z, wires_of_z))

    mine = ["ep=endpoint1", f"d={SECTOR}"]
    links_of_mine = '</sensors/temp>;if="core.s"'
    base = "base=coap://[2001:db8:23::1]"
    location = await stage.register(c, "endpoint1", links_of_mine, f"d={SECTOR}", base)
    registered = time.monotonic()
    for proxy in (x, y, z):
        await eventually("endpoint1 at each proxy", becomes(stage, proxy, known(proxy, c, location), "ep", *mine))
    [(_, attributes)] = links(await stage.look_up(z, "ep", *mine))
    expect("lifetimes are not shown", [], [name for name, _ in attributes if name.startswith("lt")])

    # A net split cuts LP-Z's site off the rest. LP-Y's still gets its questions through, and no answers. LP-X is where it was.
    for wire in wires_of_z:
        wire.cut()
    for wire in wires_of_y:
        wire.cut(there=False)
    temperature, new = "coap://[2001:db8:23::1]/sensors/temp", "coap://[2001:db8:24::1]/t"
    await stage.register(a, "endpoint2", '</t>;if="core.s"', "d=elsewhere", "base=coap://[2001:db8:24::1]")
    await eventually("LP-X in the net split", becomes(stage, x, [temperature, new], "res", "if=core.s"))
    expect("LP-Z in the net split", known(z, c, location), await stage.found(z, "ep", *mine))
    expect("LP-Z in the net split, what is new", [temperature], await stage.found(z, "res", "if=core.s"))
    # LP-Y holds what is local, and has to ask for the rest.
    expect("LP-Y in the net split", [temperature], await stage.found(y, "res", "if=core.s", f"d={SECTOR}"))
    response = await stage.request(GET, y.uri + "/rd-lookup/res", ["if=core.s"], timeout=40)
    expect("LP-Y in the net split, all of the network", "5.04", response.code.dotted)
    for wire in wires_of_y + wires_of_z:
        wire.mend()
    for proxy in (x, y, z):
        await eventually("both after the net split", becomes(stage, proxy, [temperature, new], "res", "if=core.s"), 90)

    # RD-C is lost, and endpoint1 goes to RD-B. The feed tells of renewals within twenty seconds: until then it could be that it
    # was renewed at RD-C after that.
    await c.end(signal.SIGKILL)
    expect("LP-X without RD-C", [c.uri + location], await stage.found(x, "ep", *mine))
    await asyncio.sleep(max(0, registered + 23 - time.monotonic()))
    location = await stage.register(b, "endpoint1", links_of_mine, f"d={SECTOR}", base)
    for proxy in (x, y, z):
        await eventually("endpoint1 at RD-B alone", becomes(stage, proxy, known(proxy, b, location), "ep", *mine))
    [(target, attributes)] = links(await stage.look_up(x, "res", "if=core.s", f"d={SECTOR}", "provenance"))
    expect("target", temperature, target)
    expect("provenance", b.uri + location, dict(attributes)["provenance"])


async def chains_and_loops(stage):
    """Proxies in front of proxies, of each other and of themselves."""
    rds = [await stage.rd(), await stage.rd()]
    for number, rd in enumerate(rds):
        await stage.register(rd, f"node{number}", "</t>;rt=temp", f"base=coap://[2001:db8::{number}]")
    everything = [f"coap://[2001:db8::{number}]/t" for number in range(2)]
    for means in ("--mirror", "--cache", "--aware"):
        union = await stage.proxy(rds, means)
        chain = await stage.proxy([union], means)
        for name, proxy in (("union", union), ("chain", chain)):
            await eventually(f"{name} ({means})", becomes(stage, proxy, everything, "res", "rt=temp"))

        ports = [free_port(), free_port()]
        ring = [
            await stage.server(
                "proxy", "--upstream", rds[number].uri,
                "--upstream", f"coap://127.0.0.1:{ports[1 - number]}", means, port=ports[number],
            )
            for number in range(2)
        ]  # fmt: skip
        for number, proxy in enumerate(ring):
            expected = everything[number : number + 1]
            await eventually(f"each other ({means})", becomes(stage, proxy, expected, "res", "rt=temp"))
            expect(f"endpoints, each other ({means})", 1, len(await stage.found(proxy, "ep")))

        port = free_port()
        own = await stage.program(
            "proxy", "--upstream", f"coap://127.0.0.1:{port}", means, "--listen", "ADDRESS", port=port
        )
        expect(f"in front of itself ({means})", 2, await asyncio.wait_for(own.process.wait(), 5))


async def a_chain_of_feeds(stage):
    """A proxy that mirrors a directory through another proxy, which the directory is lost to, and then that itself."""
    rd = await stage.rd()
    middle = await stage.proxy([rd], "--feed")
    end = await stage.proxy([rd], "--through", middle.uri)
    location = await stage.register(rd, "node", '</t>;rt="temp"', "base=coap://[2001:db8::1]")
    target, known = ["coap://[2001:db8::1]/t"], [rd.uri + location]
    for proxy in (middle, end):
        await eventually("a registration in the chain", becomes(stage, proxy, known, "ep"))
        [(_, attributes)] = links(await stage.look_up(proxy, "res", "rt=temp", "provenance"))
        expect("provenance", known, [dict(attributes)["provenance"]])

    response = await stage.request(POST, rd.uri + location, ["floor=3"])
    expect("update", CHANGED, response.code)
    await eventually("the update at the end", becomes(stage, end, known, "ep", "floor=3"))
    # Before it has read all, the end asks the directory.
    await rd.end(signal.SIGKILL)
    await eventually("what is left at the end", becomes(stage, end, target, "res", "rt=temp"))
    await middle.end(signal.SIGKILL)
    expect("what is left at the end, alone", target, await stage.found(end, "res", "rt=temp", "floor=3"))


async def a_directory_of_another_make(stage):
    """A proxy in front of aiocoap-rd, in which only the last of several criteria counts."""
    rd = await stage.aiocoap_rd()
    path = "/resourcedirectory/"
    await stage.register(rd, "n1", '</t>;rt="temp",</h>;rt="hum"', "d=f1", "base=coap://[2001:db8::1]", path=path)
    location = await stage.register(rd, "n2", '</t>;rt="temp"', "d=f2", "base=coap://[2001:db8::2]", path=path)
    mirror, aware, cache = [await stage.proxy([rd], means) for means in ("--mirror", "--aware", "--cache")]
    other = await stage.aiocoap_rd()
    await stage.register(other, "n3", '</t>;rt="temp"', "d=f1", "base=coap://[2001:db8::3]", path=path)
    united = await stage.proxy([rd, other])

    response = await stage.request(GET, mirror.uri + "/.well-known/core", ["rt=core.rd"])
    expect("where to register", [rd.uri + path], targets(response.payload))
    t1, h1, t2, t3 = "coap://[2001:db8::1]/t", "coap://[2001:db8::1]/h", "coap://[2001:db8::2]/t", "coap://[2001:db8::3]/t"
    for name, proxy in (("mirror", mirror), ("aware", aware)):
        for query in (["rt=temp", "d=f1"], ["d=f1", "rt=temp"]):
            await eventually(f"AND at the {name}", becomes(stage, proxy, [t1], "res", *query))
        expect(f"endpoints, AND at the {name}", [rd.uri + location], await stage.found(proxy, "ep", "d=f2", "rt=temp"))
        expect(f"a page at the {name}", 1, len(await stage.found(proxy, "res", "rt=temp", "page=1", "count=1")))
    # A plain cache says what it is told.
    expect("AND at the cache", [h1, t1], await stage.found(cache, "res", "rt=temp", "d=f1"))
    expect("the cache", [t1, t2], await stage.found(cache, "res", "rt=temp"))
    await eventually("the union", becomes(stage, united, [t1, t3], "res", "rt=temp", "d=f1"))

    await stage.register(rd, "n4", '</t>;rt="temp"', "d=f2", "base=coap://[2001:db8::4]", path=path)
    await eventually("what is new", becomes(stage, mirror, [t2, "coap://[2001:db8::4]/t"], "res", "rt=temp", "d=f2"))

    # It shows no lifetimes. What it had is shown without it for as long as the mirror is told to take them for.
    brief = await stage.proxy([rd], "--unconfirmed", "15")
    await eventually("the mirror for a while", becomes(stage, brief, [t1], "res", "rt=temp", "d=f1"))
    await rd.end(signal.SIGKILL)
    for name, proxy in (("mirror", mirror), ("mirror for a while", brief)):
        expect(f"the {name} alone", [t1], await stage.found(proxy, "res", "rt=temp", "d=f1"))
    expect("the cache alone", [t1, t2], await stage.found(cache, "res", "rt=temp"))
    await eventually("the mirror after that while", becomes(stage, brief, [], "res", "rt=temp", "d=f1"))
    expect("the mirror alone, still", [t1], await stage.found(mirror, "res", "rt=temp", "d=f1"))
    rd = await stage.aiocoap_rd(port=rd.port)
    await stage.register(rd, "n5", '</t>;rt="temp"', "d=f1", "base=coap://[2001:db8::5]", path=path)
    expected = ["coap://[2001:db8::5]/t"]
    await eventually("the mirror of the new one", becomes(stage, mirror, expected, "res", "rt=temp", "d=f1"), 120)


async def a_registrant_of_another_make(stage):
    """aiocoap's registrant, one of whose two directories is lost."""
    rds = [await stage.rd(), await stage.rd()]
    finder = await stage.proxy(rds)
    await eventually("discovery at the proxy", leads_to(stage, finder, rds))
    a, b = sorted(rds, key=lambda rd: rd.uri)
    # It takes one place to find directories at. It registers anew where a renewal fails; where that fails, too, it asks the
    # place for another interface than those that failed, and gives up when there is none or the place is silent. So it fails
    # over where the place is another than the directory: here a proxy, which leads to both.
    async with Device(a) as one, Device(a) as other:
        mobile = Registerer(one.context, rd=finder.uri, lt=4, registration_parameters={"ep": "mobile"})
        settled = Registerer(other.context, rd=a.uri, lt=4, registration_parameters={"ep": "settled"})
        for endpoint in ("mobile", "settled"):
            await eventually(f"{endpoint} at the first", has(stage, a, endpoint))
        await a.end(signal.SIGKILL)
        await eventually("mobile at the second", has(stage, b, "mobile"))
        await eventually("the end of settled", gives_up(settled))
        expect("endpoints at the second", 1, len(await stage.found(b, "ep")))
        await mobile.shutdown()
        expect("endpoints after it left", [], await stage.found(b, "ep"))


def has(stage, rd, endpoint):
    async def condition():
        return len(await stage.found(rd, "ep", f"ep={endpoint}")) == 1

    return condition


def gives_up(registerer):
    async def condition():
        return registerer.state == "failed"

    return condition


async def registering_elsewhere(stage):
    """A registrant at directories of three makes; when it loses one, it goes to the next."""
    first, second, third = await stage.aiocoap_rd(), await stage.libcoap_rd(), await stage.rd()
    document = '</t>;rt="temp"'
    node = await stage.registrant("node", document, [first, second, third], "--lt", "8")
    guest = await stage.registrant("guest", document, [first])

    async def expect_registered(rd, location):
        response = await stage.request(GET, rd.uri + location)
        expect(f"what is registered at {location}", document, response.payload.decode())

    location = await node.says(f"registered as node at {first.uri}")
    await expect_registered(first, location)
    left = await guest.says(f"registered as guest at {first.uri}")
    await guest.end()
    await guest.says(f"removed at {first.uri}")
    response = await stage.request(GET, first.uri + left)
    expect("what was removed", NOT_FOUND, response.code)
    await node.says(f"renewed at {first.uri}")
    await first.end(signal.SIGKILL)

    location = await node.says(f"moved from {first.uri}: registered as node at {second.uri}")
    await expect_registered(second, location)
    # libcoap's directory knows no updates. What it does not renew is registered anew, which makes another resource there.
    await node.says(f"refused by {second.uri}{location}: 4.05")
    location = await node.says(f"registered as node at {second.uri}")
    await expect_registered(second, location)
    # A removal ends it: version 4.3.1 frees something twice. The registrant does not wait for long then.
    guest = await stage.registrant("guest", document, [second])
    await guest.says("registered as guest")
    await guest.end()
    await second.end(signal.SIGKILL)

    location = await node.says(f"moved from {second.uri}: registered as node at {third.uri}")
    await expect_registered(third, location)
    await node.end()
    await node.says(f"removed at {third.uri}")
    expect("endpoints in the end", [], await stage.found(third, "ep"))


SCENARIOS = [
    shared_authority,
    distinct_registration_points,
    chains_and_loops,
    a_chain_of_feeds,
    a_directory_of_another_make,
    a_registrant_of_another_make,
    registering_elsewhere,
]


async def main(words):
    logging.basicConfig(level=logging.CRITICAL)
    named = {f"scenarios: {scenario.__name__.replace('_', ' ')}": scenario for scenario in SCENARIOS}
    chosen = [item for item in named.items() if not words or any(word in item[0] for word in words)]
    # They have nothing in common, and spend their time waiting.
    return 0 if all(await asyncio.gather(*(play(*item) for item in chosen))) else 1


async def play(name, scenario):
    """Plays a scenario and says how it went; returns whether all was as expected."""
    context = await aiocoap.Context.create_client_context(transports=["udp6"])
    stage = Stage(context)
    started = time.monotonic()
    try:
        await asyncio.wait_for(scenario(stage), TIMEOUT)
        await stage.end()
    except Exception as error:
        what = error if isinstance(error, Mismatch) else f"{type(error).__name__}: {error}"
        print(f"FAIL {name}: {what}", flush=True)
        return False
    finally:
        stage.clear()
        await context.shutdown()
    print(f"ok {name} ({time.monotonic() - started:.0f} s)", flush=True)
    return True


if __name__ == "__main__":
    PROGRAMS = sys.argv[1]
    sys.exit(asyncio.run(main(sys.argv[2:])))
