"""Requests and answers that do not fit in one datagram (RFC 7959)."""

from aiocoap import CONTENT, GET, POST

from harness import LINK_FORMAT, check, expect, remove, shown


def many_links(size, prefix="sensor"):
    """Returns a document of about `size` bytes."""
    link = '</{}/{:04}>;rt="tag:example.com,2020:sensor-{:04}";if="sensor";title="Sensor number {:04}"'
    number = size // (len(link.format(prefix, 0, 0, 0)) + 1)
    return ",".join(link.format(prefix, n, n, n) for n in range(number))


@check
async def a_registration_of_10_kb_arrives_in_blocks(directory):
    payload = many_links(10_000)
    location = await directory.register("bw-10k", payload, "base=coap://bw.example")
    expect("resources", shown(payload, "coap://bw.example"), await directory.resources("ep=bw-10k"))
    again = await directory.register("bw-10k", payload, "base=coap://bw.example")
    expect("location", location, again)
    response = await directory.request(GET, location)
    expect("registered links", payload, response.payload.decode())
    await remove(directory, location)


@check
async def a_registration_in_the_smallest_blocks_is_put_together(directory):
    payload = '</a>;rt="one two three";if="sensor",</b>;title="long enough for several blocks"'.encode()
    number = (len(payload) + 15) // 16
    for block in range(number):
        response = await directory.request(
            POST,
            directory.interfaces.registration,
            ["ep=bw-16", "base=coap://bw.example"],
            payload[block * 16 : block * 16 + 16],
            LINK_FORMAT,
            block1=(block, block + 1 < number, 0),
            handle_blockwise=False,
        )
        if block + 1 < number:
            expect(f"code of block {block}", "2.31 Continue", str(response.code))
            expect("resources before the last block", "", await directory.resources("ep=bw-16"))
    expect("code of the last block", "2.01 Created", str(response.code))
    expect("resources", shown(payload.decode(), "coap://bw.example"), await directory.resources("ep=bw-16"))
    await remove(directory, response.opt.location_path)


@check
async def a_block_out_of_order_is_refused(directory):
    response = await directory.request(
        POST,
        directory.interfaces.registration,
        ["ep=bw-late", "base=coap://bw.example"],
        b"x" * 64,
        LINK_FORMAT,
        block1=(3, True, 2),
        handle_blockwise=False,
    )
    expect("code", "4.08 Request Entity Incomplete", str(response.code))
    expect("names", [], await directory.names("ep=bw-late"))


@check
async def a_registration_without_end_is_cut_off(directory):
    for number in range(4_000):
        response = await directory.request(
            POST,
            directory.interfaces.registration,
            ["ep=bw-endless", "base=coap://bw.example"],
            b"x" * 1024,
            LINK_FORMAT,
            block1=(number, True, 6),
            handle_blockwise=False,
        )
        if not response.code.is_successful():
            break
    expect("code", "4.13 Request Entity Too Large", str(response.code))
    expect("names", [], await directory.names("ep=bw-endless"))


@check
async def a_lookup_of_100_kb_stays_one_answer_while_the_directory_changes(directory):
    locations = []
    for number in range(20):
        payload = many_links(5_000, f"n{number}")
        locations.append(await directory.register(f"bw-{number}", payload, "d=bw-100k", f"base=coap://bw-{number}.example"))
    before = (await directory.resources("d=bw-100k")).encode()
    expect("at least 100 kB", True, len(before) >= 100_000)

    received, etags, more, number = b"", set(), True, 0
    while more:
        response = await directory.request(
            GET, directory.interfaces.resources, ["d=bw-100k"], block2=(number, False, 6), handle_blockwise=False
        )
        expect(f"code of block {number}", CONTENT, response.code)
        expect("number of the block", number, response.opt.block2.block_number)
        received += response.payload
        etags.add(response.opt.etag)
        more = response.opt.block2.more
        number += 1
        if number == 5:
            locations.append(await directory.register("bw-during", "</new>", "d=bw-100k", "base=coap://during.example"))
        if number == 50:
            await remove(directory, locations.pop(0))
    expect("ETags", 1, len(etags))
    expect("blocks together are the answer before the changes", True, received == before)

    after = await directory.resources("d=bw-100k")
    expect("the change is in the next answer", True, "<coap://during.example/new>" in after)
    expect("the removal is in the next answer", False, "coap://bw-0.example" in after)
    await remove(directory, *locations)


@check
async def two_long_lookups_at_once_do_not_mix(directory):
    one = await directory.register("bw-one", many_links(6_000, "one"), "base=coap://one.example")
    two = await directory.register("bw-two", many_links(6_000, "two"), "base=coap://two.example")
    received = {"bw-one": "", "bw-two": ""}
    for number in range(6):
        for name in received:
            response = await directory.request(
                GET, directory.interfaces.resources, [f"ep={name}"], block2=(number, False, 6), handle_blockwise=False
            )
            received[name] += response.payload.decode() if response.code == CONTENT else ""
    for name, text in received.items():
        whole = await directory.resources(f"ep={name}")
        expect(f"blocks of {name}", whole[: len(text)], text)
    await remove(directory, one, two)


@check
async def blocks_are_as_small_as_asked_for(directory):
    location = await directory.register("bw-small", many_links(1_000), "base=coap://bw.example")
    response = await directory.request(
        GET, directory.interfaces.resources, ["ep=bw-small"], block2=(0, False, 2), handle_blockwise=False
    )
    expect("length of the block", 64, len(response.payload))
    expect("size exponent", 2, response.opt.block2.size_exponent)
    whole = await directory.resources("ep=bw-small")
    expect("first block", whole[:64], response.payload.decode())
    await remove(directory, location)
