"""Requests that must be refused, each with a code and a diagnostic that says why, and without an effect."""

import re

from aiocoap import DELETE, GET, POST, PUT
from aiocoap.numbers.optionnumbers import OptionNumber
from aiocoap.optiontypes import OpaqueOption

from harness import LINK_FORMAT, check, expect, expect_in, remove

BASE = "base=coap://err.example"


async def refused(directory, code, words, method, path, query=(), payload="", content_format=None):
    """Expects an error code and a diagnostic with each of the words in it."""
    response = await directory.request(method, path, query, payload, content_format)
    expect(f"code for {query} {payload!r}", code, str(response.code))
    diagnostic = response.payload.decode("utf-8")
    expect("content format of the diagnostic", None, response.opt.content_format)
    for word in words:
        expect_in(f"diagnostic for {query} {payload!r}", word, diagnostic)
    return diagnostic


async def registration_refused(directory, code, words, query, payload="</a>", content_format=LINK_FORMAT):
    path = directory.interfaces.registration
    before = await directory.endpoints("ep=err*")
    diagnostic = await refused(directory, code, words, POST, path, query, payload, content_format)
    expect("endpoints", before, await directory.endpoints("ep=err*"))
    return diagnostic


@check
async def parameters_of_a_registration_are_checked(directory):
    bad = "4.00 Bad Request"
    await registration_refused(directory, bad, ["ep"], [BASE])
    await registration_refused(directory, bad, ["ep"], ["ep=", BASE])
    await registration_refused(directory, bad, ["ep"], ["ep=" + "err" * 22, BASE])
    await registration_refused(directory, bad, ["ep"], ["ep=err\n1", BASE])
    await registration_refused(directory, bad, ["d"], ["ep=err-1", "d=" + "d" * 64, BASE])
    for lifetime in ["0", "abc", "", "-1", "4294967296", "1.5"]:
        await registration_refused(directory, bad, ["lt"], ["ep=err-1", f"lt={lifetime}", BASE])
    for base in ["", "/relative", "not a uri", "coap://[fe80::1%25eth0]"]:
        await registration_refused(directory, bad, ["base"], ["ep=err-1", f"base={base}"])


@check
async def an_endpoint_name_of_63_bytes_is_the_longest(directory):
    name = "e" * 63
    location = await directory.register(name, "</a>", BASE)
    await remove(directory, location)


@check
async def the_payload_of_a_registration_is_checked(directory):
    for payload in ['</a>;rt="', "garbage", "</a>,,</b>", "</a", "</a>;=x", '</a>; rt="x"', b"</\xff>"]:
        diagnostic = await registration_refused(directory, "4.00 Bad Request", [], ["ep=err-2", BASE], payload)
        expect(f"a byte offset in {diagnostic!r}", True, re.search(r"byte \d+", diagnostic) is not None)


@check
async def only_limited_link_format_is_accepted(directory):
    for payload in ["<relative>", "</a>,<../b>", '</a>;anchor="b"', "<>", "<//host/path>"]:
        diagnostic = await registration_refused(directory, "4.00 Bad Request", [], ["ep=err-3", BASE], payload)
        expect(f"a byte offset in {diagnostic!r}", True, re.search(r"byte \d+", diagnostic) is not None)


@check
async def another_content_format_is_refused(directory):
    code = "4.15 Unsupported Content Format"
    await registration_refused(directory, code, [], ["ep=err-4", BASE], "</a>", 0)
    await registration_refused(directory, code, [], ["ep=err-4", BASE], "[]", 50)


@check
async def updates_are_checked_and_change_nothing_when_refused(directory):
    location = await directory.register("err-5", "</a>", BASE, "lt=600")
    before = await directory.endpoints("ep=err-5")
    for query, word in [("lt=0", "lt"), ("lt=abc", "lt"), ("base=relative", "base")]:
        await refused(directory, "4.00 Bad Request", [word], POST, location, ["floor=9", query])
    expect("endpoints", before, await directory.endpoints("ep=err-5"))
    await remove(directory, location)


@check
async def an_unknown_location_is_not_found(directory):
    location = (*directory.interfaces.registration, "no-such-registration")
    for method in [GET, POST, DELETE]:
        await refused(directory, "4.04 Not Found", [], method, location)


@check
async def removing_twice_is_not_found_the_second_time(directory):
    location = await directory.register("err-6", "</a>", BASE)
    await remove(directory, location)
    await refused(directory, "4.04 Not Found", [], DELETE, location)


@check
async def an_unknown_path_is_not_found(directory):
    await refused(directory, "4.04 Not Found", [], GET, ("no", "such", "path"))


@check
async def queries_of_lookups_are_checked(directory):
    bad = "4.00 Bad Request"
    for path in [directory.interfaces.resources, directory.interfaces.endpoints]:
        await refused(directory, bad, ["page", "count"], GET, path, ["page=0"])
        await refused(directory, bad, ["count"], GET, path, ["count=many"])
        await refused(directory, bad, ["count"], GET, path, ["count="])
        await refused(directory, bad, ["count"], GET, path, ["count=-1"])
        await refused(directory, bad, ["page"], GET, path, ["count=1", "page=x"])
        await refused(directory, bad, ["page"], GET, path, ["count=1", "page=4294967296"])


@check
async def methods_that_an_interface_lacks_are_not_allowed(directory):
    interfaces = directory.interfaces
    for method, path in [
        (PUT, interfaces.registration),
        (DELETE, interfaces.registration),
        (POST, interfaces.resources),
        (DELETE, interfaces.endpoints),
        (PUT, (".well-known", "core")),
    ]:
        await refused(directory, "4.05 Method Not Allowed", [], method, path)


@check
async def a_critical_option_that_is_unknown_is_refused(directory):
    message = directory.message(GET, directory.interfaces.resources)
    message.opt.add_option(OpaqueOption(OptionNumber(65001), b"x"))
    response = await directory.context.request(message).response
    expect("code", "4.02 Bad Option", str(response.code))
