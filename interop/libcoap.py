"""libcoap's coap-client against the directory."""

import asyncio
import os
import re
import tempfile
from urllib.parse import quote

from blockwise import many_links
from harness import Mismatch, check, expect, expect_in, remove, shown, targets

CLIENT = "coap-client-notls"


async def coap_client(*arguments):
    """Runs the client to its end; returns standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        CLIENT, "-B", "10", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise Mismatch(f"coap-client {arguments}: expected status 0, got {process.returncode}: {err.decode()}")
    # The client ends what it prints with a line feed that is not part of the payload.
    return out.decode().removesuffix("\n"), err.decode()


def uri(directory, path, *query):
    text = f"{directory.base}/{'/'.join(path)}"
    return text + ("?" + "&".join(quote(argument, safe="=:/,*[]") for argument in query) if query else "")


@check
async def libcoap_discovers(directory):
    out, _ = await coap_client("-m", "get", uri(directory, (".well-known", "core"), "rt=core.rd*"))
    expect("first target", "/" + "/".join(directory.interfaces.registration), targets(out)[0])
    expect("number of interfaces", 3, len(targets(out)))


async def register(directory, endpoint, payload, *options, base="coap://lib.example"):
    """Registers from a file and returns the location as look-up shows it."""
    with tempfile.NamedTemporaryFile("w", suffix=".link") as file:
        file.write(payload)
        file.flush()
        target = uri(directory, directory.interfaces.registration, f"ep={endpoint}", f"base={base}")
        _, err = await coap_client("-m", "post", "-t", "40", "-f", file.name, *options, target)
    expect("errors of the registration", "", re.sub(r"(?m)^.*(?:v:1|INFO|DEBG).*\n", "", err))
    [location] = targets(await directory.endpoints(f"ep={endpoint}"))
    return tuple(location.lstrip("/").split("/"))


@check
async def libcoap_registers_looks_up_and_removes(directory):
    location = await register(directory, "lib-1", '</a>;rt="x"')
    out, _ = await coap_client("-m", "get", uri(directory, directory.interfaces.resources, "ep=lib-1", "rt=x"))
    expect("resources", '<coap://lib.example/a>;rt="x"', out)
    out, _ = await coap_client("-m", "get", uri(directory, directory.interfaces.endpoints, "ep=lib-1"))
    expect("endpoints", await directory.endpoints("ep=lib-1"), out)
    _, err = await coap_client("-m", "post", uri(directory, location, "lt=500"))
    expect("errors of the update", "", err)
    _, err = await coap_client("-m", "delete", uri(directory, location))
    expect("errors of the removal", "", err)
    expect("names", [], await directory.names("ep=lib-1"))
    _, err = await coap_client("-m", "delete", uri(directory, location))
    expect_in("second removal", "4.04", err)


@check
async def libcoap_registers_10_kb_and_reads_them_back(directory):
    payload = many_links(10_000)
    location = await register(directory, "lib-2", payload)
    expected = shown(payload, "coap://lib.example")
    target = uri(directory, directory.interfaces.resources, "ep=lib-2")
    out, _ = await coap_client("-m", "get", target)
    expect("resources", expected, out)
    out, _ = await coap_client("-m", "get", "-b", "64", target)
    expect("resources in blocks of 64 bytes", expected, out)
    await remove(directory, location)


@check
async def libcoap_registers_in_blocks_of_32_bytes(directory):
    payload = many_links(600)
    location = await register(directory, "lib-3", payload, "-b", "32")
    expect("resources", shown(payload, "coap://lib.example"), await directory.resources("ep=lib-3"))
    await remove(directory, location)


@check
async def libcoap_registers_over_a_path_that_loses_datagrams(directory):
    # The client drops its second and fourth datagram, and sends them again after its time-out.
    location = await register(directory, "lib-4", many_links(3_000), "-l", "2")
    expect("names", ["lib-4"], await directory.names("ep=lib-4"))
    await remove(directory, location)


@check
async def libcoap_observes(directory):
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "out")

        async def join(number):
            return await directory.register(
                f"lib-ob{number}", f"</{number}>", "d=lib-ob", "base=coap://ob.example"
            )

        # An empty answer would leave no line in the file.
        locations = [await join(0)]
        target = uri(directory, directory.interfaces.resources, "d=lib-ob")
        process = await asyncio.create_subprocess_exec(
            CLIENT, "-s", "6", "-B", "10", "-w", "-o", name, target, stderr=asyncio.subprocess.PIPE
        )
        try:
            await grown(name, 1)
            for number in range(1, 4):
                locations.append(await join(number))
                await grown(name, number + 1)
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        lines = open(name).read().split("\n")
        expect("numbers of links", [1, 2, 3, 4], [len(targets(line)) for line in lines[:4]])
        expect("last notification", sorted(f"coap://ob.example/{n}" for n in range(4)), sorted(targets(lines[3])))
        expect("notifications besides", [""], lines[4:])
        await remove(directory, *locations)


async def grown(name, lines):
    """Waits until the file has that many lines."""
    while not os.path.exists(name) or open(name).read().count("\n") < lines:
        await asyncio.sleep(0.02)
