"""Link deltas: iPATCH on a registration (RFC 9176 section 5.3.3, RFC 8132), and observed look-ups that tell what changes."""

import asyncio

import cbor2
from aiocoap import CHANGED, CONFLICT, CONTENT, CREATED, GET, PATCH, POST, UNSUPPORTED_CONTENT_FORMAT, iPATCH

from harness import LINK_FORMAT, check, expect, remove, shown

LINK_DELTA = 65040
SENSORS = '</temp>;rt="temperature-c",</light>;rt="light-lux"'


def delta(removed, put, start=None):
    return cbor2.dumps([start, None, removed, put])


async def stored(directory, location):
    """Returns the links of a registration and their tag."""
    response = await directory.request(GET, location)
    return response.payload.decode("utf-8"), response.opt.etag


@check
async def the_formats_of_the_interfaces_include_link_deltas(directory):
    response = await directory.request(GET, (".well-known", "core"), ["rt=core.rd*"])
    expect("interfaces with deltas", 3, response.payload.decode("utf-8").count(f'ct="{LINK_FORMAT} {LINK_DELTA}"'))


@check
async def a_registration_tells_the_tag_that_a_delta_starts_from(directory):
    query = ["ep=delta-tag"]
    response = await directory.request(POST, directory.interfaces.registration, query, SENSORS, LINK_FORMAT)
    expect("code", CREATED, response.code)
    location, tag = response.opt.location_path, response.opt.etag
    expect("tag", (await stored(directory, location))[1], tag)
    response = await directory.request(iPATCH, location, (), delta("</light>", "", tag), LINK_DELTA)
    expect("code from that tag", CHANGED, response.code)
    response = await directory.request(iPATCH, location, (), delta("</temp>", "", tag), LINK_DELTA)
    expect("code from it once more", CONFLICT, response.code)
    await remove(directory, location)


@check
async def links_are_changed_by_ipatch_and_patch(directory):
    location = await directory.register("delta-patch", SENSORS, "base=coap://delta.example")
    for code in [iPATCH, PATCH, iPATCH]:
        response = await directory.request(code, location, (), delta("</light>", "</hum>;rt=humidity"), LINK_DELTA)
        expect("code", CHANGED, response.code)
        links, tag = await stored(directory, location)
        expect("links", '</temp>;rt="temperature-c",</hum>;rt=humidity', links)
        expect("tag", tag, response.opt.etag)
    found = await directory.resources("ep=delta-patch", "rt=humidity")
    expect("look-up", '<coap://delta.example/hum>;rt="humidity"', found)
    await remove(directory, location)


@check
async def a_large_delta_goes_in_blocks(directory):
    location = await directory.register("delta-blocks", SENSORS)
    many = ",".join(f'</s/{number}>;title="sensor number {number}"' for number in range(200))
    response = await directory.request(iPATCH, location, (), delta("</light>,</temp>", many), LINK_DELTA)
    expect("code", CHANGED, response.code)
    links, _ = await stored(directory, location)
    expect("links", many, links)
    await remove(directory, location)


@check
async def what_is_no_delta_or_starts_elsewhere_changes_nothing(directory):
    location = await directory.register("delta-refused", SENSORS)
    for payload, content_format, code in [
        (delta("</light>", "", b"elsewher"), LINK_DELTA, CONFLICT),
        (b"</light>", LINK_FORMAT, UNSUPPORTED_CONTENT_FORMAT),
    ]:
        response = await directory.request(iPATCH, location, (), payload, content_format)
        expect("code", code, response.code)
    response = await directory.request(iPATCH, location, (), cbor2.dumps([None, None, ""]), LINK_DELTA)
    expect("code", "4.00 Bad Request", str(response.code))
    links, tag = await stored(directory, location)
    expect("links", SENSORS, links)
    response = await directory.request(iPATCH, location, (), delta("</light>", "", tag), LINK_DELTA)
    expect("code from the present state", CHANGED, response.code)
    await remove(directory, location)


@check
async def an_observer_is_told_what_changes(directory):
    first = await directory.register("delta-obs-1", SENSORS, "d=delta-obs", "base=coap://one.example")
    message = directory.message(
        GET, directory.interfaces.resources, ["d=delta-obs"], observe=0, accept=LINK_DELTA
    )
    request = directory.context.request(message)
    notifications = asyncio.Queue()
    request.observation.register_callback(notifications.put_nowait)
    request.observation.register_errback(notifications.put_nowait)
    response = await request.response
    expect("code", CONTENT, response.code)
    expect("content format", LINK_DELTA, int(response.opt.content_format))
    start, state, removed, put = cbor2.loads(response.payload)
    expect("start", (b"", "", shown(SENSORS, "coap://one.example")), (start, removed, put))
    expect("tag", response.opt.etag, state)

    second = await directory.register("delta-obs-2", '</hum>;rt="humidity"', "d=delta-obs", "base=coap://two.example")
    notification = await notifications.get()
    start, state, removed, put = cbor2.loads(notification.payload)
    expect("step", (response.opt.etag, "", '<coap://two.example/hum>;rt="humidity"'), (start, removed, put))

    await remove(directory, second)
    notification = await notifications.get()
    before, _, removed, put = cbor2.loads(notification.payload)
    expect("step back", (state, "<coap://two.example/hum>", ""), (before, removed, put))
    request.observation.cancel()
    await remove(directory, first)
