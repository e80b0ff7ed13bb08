#!/usr/bin/env python3
"""Plays the scenarios of draft-amsuess-core-rd-replication with programs of their own, and compares what is answered.

    scenarios.py DIRECTORY-OF-PROGRAMS [WORD...]

With words, only the scenarios run whose name contains one of them. Everything is on loopback, on ports that are free.
"""

import asyncio
import logging
import os
import signal
import sys
import time

import aiocoap
from aiocoap import CHANGED, CONTENT, CREATED, GET, POST

from harness import LINK_FORMAT, Mismatch, expect, expect_in, free_port, links, targets

PROGRAMS = None
# Longest time that one scenario may take, in seconds.
TIMEOUT = 180
SECTOR = "facility23.eu.example.com"


class Program:
    """A program that serves CoAP on a port of 127.0.0.1."""

    def __init__(self, *command, port=None):
        self.port = port or free_port()
        self.command = [part.replace("ADDRESS", f"127.0.0.1:{self.port}") for part in command]
        self.uri = f"coap://127.0.0.1:{self.port}"

    async def start(self):
        path = self.command[0]
        is_own = not path.startswith("aiocoap")
        program = os.path.join(PROGRAMS if is_own else os.path.dirname(sys.executable), path)
        out = asyncio.subprocess.PIPE if is_own else asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(
            program, *self.command[1:], stdout=out, stderr=asyncio.subprocess.DEVNULL
        )
        if is_own:
            line = await asyncio.wait_for(self.process.stdout.readline(), 20)
            expect_in("first words", b"listening on ", line)
        return self

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

    async def program(self, *command, port=None):
        program = await Program(*command, port=port).start()
        self.programs.append(program)
        return program

    async def rd(self, *peers, port=None):
        peers = [part for peer in peers for part in ("--peer", peer)]
        return await self.program("replica", "--listen", "ADDRESS", *peers, port=port)

    async def proxy(self, upstreams, *options):
        upstreams = [part for upstream in upstreams for part in ("--upstream", upstream.uri)]
        return await self.program("proxy", "--listen", "ADDRESS", *upstreams, *options)

    async def aiocoap_rd(self, port=None):
        program = await self.program("aiocoap-rd", "--bind", "ADDRESS", port=port)
        await eventually("aiocoap-rd", lambda: self.answers(program, "/.well-known/core"))
        return program

    async def end(self):
        for program in self.programs:
            if program.process.returncode is None:
                await program.end()

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
        return await stage.found(program, interface, *query) == sorted(expected)

    return condition


async def shared_authority(stage):
    """Redundant and replicated resource lookup (anycast): three replicas, and one that is lost."""
    ports = [free_port() for _ in range(3)]
    uris = [f"coap://127.0.0.1:{port}" for port in ports]
    a, b, c = [await stage.rd(*[uri for uri in uris if not uri.endswith(f":{port}")], port=port) for port in ports]

    response = await stage.request(GET, a.uri + "/.well-known/core", ["rt=core.rd*"])
    expect("discovery", ["/rd", "/rd-lookup/res", "/rd-lookup/ep"], targets(response.payload))

    location = await stage.register(b, "endpoint1", '</sensors/temp>;if="core.s"', f"d={SECTOR}", "base=coap://[2001:db8:23::1]")
    for replica in (a, b, c):
        query = ["ep=endpoint1", f"d={SECTOR}"]
        await eventually("endpoint1 at each replica", becomes(stage, replica, [location], "ep", *query))
    [(target, attributes)] = links(await stage.look_up(a, "ep", "ep=endpoint1", f"d={SECTOR}"))
    expect("base", "coap://[2001:db8:23::1]", dict(attributes)["base"])

    await b.end(signal.SIGKILL)
    response = await stage.request(POST, a.uri + location)
    expect("renewal at another replica", CHANGED, response.code)
    expect("found at C", [location], await stage.found(c, "ep", "ep=endpoint1"))
    # What comes back without memory is told everything.
    b = await stage.rd(a.uri, c.uri, port=ports[1])
    await eventually("endpoint1 at B again", becomes(stage, b, [location], "ep", "ep=endpoint1"), 60)
    response = await stage.request(POST, b.uri + location)
    expect("renewal at B", CHANGED, response.code)


async def distinct_registration_points(stage):
    """Distinct registration points: proxies in front of three directories, a net split, a handover, localized queries."""
    rds = [await stage.rd() for _ in range(3)]
    a, b, c = rds
    x, y, z = (
        await stage.proxy(rds),
        await stage.proxy(rds, "--only", f"d={SECTOR}"),
        await stage.proxy(rds),
    )

    async def leads_to_all():
        response = await stage.request(GET, z.uri + "/.well-known/core", ["rt=core.rd*"])
        expected = sorted(rd.uri + "/rd" for rd in rds) + ["/rd-lookup/res", "/rd-lookup/ep"]
        return targets(response.payload) == expected

    await eventually("discovery at LP-Z", leads_to_all)

    mine = ["ep=endpoint1", f"d={SECTOR}"]
    links_of_mine = '</sensors/temp>;if="core.s"'
    base = "base=coap://[2001:db8:23::1]"
    location = await stage.register(c, "endpoint1", links_of_mine, f"d={SECTOR}", base)
    registered = time.monotonic()
    for proxy in (x, y, z):
        await eventually("endpoint1 at each proxy", becomes(stage, proxy, [c.uri + location], "ep", *mine))
    [(_, attributes)] = links(await stage.look_up(z, "ep", *mine))
    expect("lifetimes are not shown", [], [name for name, _ in attributes if name.startswith("lt")])

    # A net split: nobody who could be asked answers.
    for rd in rds:
        rd.send_signal(signal.SIGSTOP)
    expect("LP-Z in the net split", [c.uri + location], await stage.found(z, "ep", *mine))
    temperature = ["coap://[2001:db8:23::1]/sensors/temp"]
    # LP-Y holds what is local, and has to ask for the rest.
    expect("LP-Y in the net split", temperature, await stage.found(y, "res", "if=core.s", f"d={SECTOR}"))
    response = await stage.request(GET, y.uri + "/rd-lookup/res", ["if=core.s"], timeout=40)
    expect("LP-Y in the net split, all of the network", "5.04", response.code.dotted)
    for rd in rds:
        rd.send_signal(signal.SIGCONT)
    await stage.register(a, "endpoint2", '</t>;if="core.s"', "d=elsewhere", "base=coap://[2001:db8:24::1]")
    both = temperature + ["coap://[2001:db8:24::1]/t"]
    for proxy in (x, y, z):
        await eventually("both after the net split", becomes(stage, proxy, both, "res", "if=core.s"), 60)

    # RD-C is lost, and endpoint1 goes to RD-B. The feed tells of renewals within twenty seconds: until then it could be that it
    # was renewed at RD-C after that.
    await c.end(signal.SIGKILL)
    expect("LP-Z without RD-C", [c.uri + location], await stage.found(z, "ep", *mine))
    await asyncio.sleep(max(0, registered + 23 - time.monotonic()))
    location = await stage.register(b, "endpoint1", links_of_mine, f"d={SECTOR}", base)
    for proxy in (x, z):
        await eventually("endpoint1 at RD-B alone", becomes(stage, proxy, [b.uri + location], "ep", *mine))
    [(target, attributes)] = links(await stage.look_up(z, "res", "if=core.s", f"d={SECTOR}", "provenance"))
    expect("target", temperature[0], target)
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
        for proxy in (union, chain):
            await eventually(f"union ({means})", becomes(stage, union, everything, "res", "rt=temp"))
        if means != "--mirror":
            # A mirror takes what its source is itself the origin of, and a proxy is the origin of nothing.
            await eventually(f"chain ({means})", becomes(stage, chain, everything, "res", "rt=temp"))

        ports = [free_port(), free_port()]
        ring = [
            await stage.program(
                "proxy", "--listen", "ADDRESS", "--upstream", rds[number].uri,
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
            "proxy", "--listen", "ADDRESS", "--upstream", f"coap://127.0.0.1:{port}", means, port=port
        )
        started = time.monotonic()
        await eventually(f"itself ({means})", becomes(stage, own, [], "res", "rt=temp"))
        expect(f"itself ({means}), soon", True, time.monotonic() - started < 10)


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

    await rd.end(signal.SIGKILL)
    expect("the mirror alone", [t1], await stage.found(mirror, "res", "rt=temp", "d=f1"))
    expect("the cache alone", [t1, t2], await stage.found(cache, "res", "rt=temp"))
    rd = await stage.aiocoap_rd(port=rd.port)
    await stage.register(rd, "n5", '</t>;rt="temp"', "d=f1", "base=coap://[2001:db8::5]", path=path)
    expected = ["coap://[2001:db8::5]/t"]
    await eventually("the mirror of the new one", becomes(stage, mirror, expected, "res", "rt=temp", "d=f1"), 120)


SCENARIOS = [shared_authority, distinct_registration_points, chains_and_loops, a_directory_of_another_make]


async def main(words):
    logging.basicConfig(level=logging.CRITICAL)
    failed = 0
    for scenario in SCENARIOS:
        name = f"scenarios: {scenario.__name__.replace('_', ' ')}"
        if words and not any(word in name for word in words):
            continue
        context = await aiocoap.Context.create_client_context(transports=["udp6"])
        stage = Stage(context)
        started = time.monotonic()
        try:
            await asyncio.wait_for(scenario(stage), TIMEOUT)
            await stage.end()
            print(f"ok {name} ({time.monotonic() - started:.0f} s)", flush=True)
        except Exception as error:
            what = error if isinstance(error, Mismatch) else f"{type(error).__name__}: {error}"
            print(f"FAIL {name}: {what}", flush=True)
            failed += 1
        finally:
            for program in stage.programs:
                program.send_signal(signal.SIGKILL)
            await context.shutdown()
    return 1 if failed else 0


if __name__ == "__main__":
    PROGRAMS = sys.argv[1]
    sys.exit(asyncio.run(main(sys.argv[2:])))
