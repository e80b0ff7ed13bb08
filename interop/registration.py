"""Registration, update and removal (RFC 9176 section 5)."""

import asyncio

from aiocoap import CHANGED, CONTENT, DELETE, DELETED, GET, NOT_FOUND, POST

from harness import LINK_FORMAT, Observation, check, expect, expect_in, links, remove, shown

SENSORS = '</sensors/temp>;rt="temperature-c";if="sensor",</sensors/light>;rt="light-lux";if="sensor"'


@check
async def a_registration_is_found_by_both_lookups(directory):
    location = await directory.register("reg-1", SENSORS, "d=reg", "base=coap://reg-1.example")
    expect("resources", shown(SENSORS, "coap://reg-1.example"), await directory.resources("ep=reg-1"))
    [(target, attributes)] = links(await directory.endpoints("ep=reg-1"))
    expect("location", "/" + "/".join(location), target)
    expect(
        "attributes",
        {"ep": "reg-1", "d": "reg", "base": "coap://reg-1.example", "rt": "core.rd-ep"},
        dict(attributes),
    )
    await remove(directory, location)


@check
async def without_base_it_is_the_source_of_the_request(directory):
    location = await directory.register("reg-nobase", "</a>")
    [(_, attributes)] = links(await directory.endpoints("ep=reg-nobase"))
    host = directory.authority.rpartition(":")[0]
    base = dict(attributes)["base"]
    expect("scheme and host of the base", f"coap://{host}:", base[: len(f"coap://{host}:")])
    expect("resources", f"<{base}/a>", await directory.resources("ep=reg-nobase"))
    await remove(directory, location)


@check
async def registering_again_replaces_links_and_parameters_at_the_same_location(directory):
    first = await directory.register("reg-again", SENSORS, "base=coap://one.example", "et=oic.d.light", "lt=600")
    second = await directory.register("reg-again", "</x>", "base=coap://two.example", "floor=3", "lt=700")
    expect("location", first, second)
    expect("resources", "<coap://two.example/x>", await directory.resources("ep=reg-again"))
    [(_, attributes)] = links(await directory.endpoints("ep=reg-again"))
    expect(
        "attributes",
        {"ep": "reg-again", "base": "coap://two.example", "rt": "core.rd-ep", "floor": "3"},
        dict(attributes),
    )
    await remove(directory, first)


@check
async def the_same_registration_again_changes_nothing(directory):
    query = ["base=coap://same.example"]
    first = await directory.register("reg-same", SENSORS, *query)
    before = await directory.request(GET, directory.interfaces.resources, ["ep=reg-same"])
    second = await directory.register("reg-same", SENSORS, *query)
    after = await directory.request(GET, directory.interfaces.resources, ["ep=reg-same"], etags=[before.opt.etag])
    expect("location", first, second)
    expect("code of the revalidation", "2.03 Valid", str(after.code))
    await remove(directory, first)


@check
async def one_name_in_two_sectors_makes_two_registrations(directory):
    one = await directory.register("reg-twin", "</a>", "d=reg-one", "base=coap://one.example")
    two = await directory.register("reg-twin", "</b>", "d=reg-two", "base=coap://two.example")
    none = await directory.register("reg-twin", "</c>", "base=coap://none.example")
    expect("number of locations", 3, len({one, two, none}))
    expect("names", ["reg-twin"] * 3, await directory.names("ep=reg-twin"))
    expect("resources", "<coap://two.example/b>", await directory.resources("d=reg-two"))
    await remove(directory, one, two, none)


@check
async def many_endpoints_register_at_once(directory):
    names = [f"reg-many-{number:03}" for number in range(100)]
    register = (directory.register(name, SENSORS, "d=reg-many", f"base=coap://{name}.example") for name in names)
    locations = await asyncio.gather(*register)
    expect("number of locations", 100, len(set(locations)))
    expect("names", names, await directory.names("d=reg-many"))
    lights = links(await directory.resources("d=reg-many", "rt=light-lux"))
    expect("targets", [f"coap://{name}.example/sensors/light" for name in names], sorted(target for target, _ in lights))
    await asyncio.gather(*(remove(directory, location) for location in locations))
    expect("names", [], await directory.names("d=reg-many"))


@check
async def a_registration_may_have_no_links(directory):
    location = await directory.register("reg-empty", "", "base=coap://empty.example")
    expect("names", ["reg-empty"], await directory.names("ep=reg-empty"))
    expect("resources", "", await directory.resources("ep=reg-empty"))
    await remove(directory, location)


@check
async def attributes_of_links_come_back_as_they_were_registered(directory):
    payload = '</a>;ct="40 60";title="say \\"hi\\", \\\\o/";sz=262144;obs;x="1";x="2"'
    location = await directory.register("reg-attributes", payload, "base=coap://a.example")
    [(target, attributes)] = links(await directory.resources("ep=reg-attributes"))
    expect("target", "coap://a.example/a", target)
    expected = [("ct", "40 60"), ("title", 'say "hi", \\o/'), ("sz", "262144"), ("obs", None), ("x", "1"), ("x", "2")]
    expect("attributes", sorted(expected, key=str), sorted(attributes, key=str))
    await remove(directory, location)


@check
async def text_beyond_ascii_comes_back_unchanged(directory):
    location = await directory.register("reg-ü", '</a>;title="Größe ☂"', "base=coap://u.example", "raum=Küche")
    expect("resources", '<coap://u.example/a>;title="Größe ☂"', await directory.resources("ep=reg-ü"))
    expect("resources", '<coap://u.example/a>;title="Größe ☂"', await directory.resources("title=Größe*"))
    expect("names", ["reg-ü"], await directory.names("raum=Küche"))
    await remove(directory, location)


@check
async def the_registered_links_can_be_read_at_the_location(directory):
    location = await directory.register("reg-get", SENSORS, "base=coap://get.example")
    response = await directory.request(GET, location)
    expect("code", CONTENT, response.code)
    expect("content format", LINK_FORMAT, int(response.opt.content_format))
    expect("payload", SENSORS, response.payload.decode())
    await remove(directory, location)


@check
async def an_empty_post_renews(directory):
    location = await directory.register("reg-renew", SENSORS, "base=coap://renew.example", "lt=60")
    before = await directory.endpoints("ep=reg-renew")
    response = await directory.request(POST, location)
    expect("code", CHANGED, response.code)
    expect("endpoints", before, await directory.endpoints("ep=reg-renew"))
    await remove(directory, location)


@check
async def an_update_changes_lifetime_base_and_attributes(directory):
    location = await directory.register("reg-update", SENSORS, "base=coap://old.example", "floor=2", "room=7")
    response = await directory.request(POST, location, ["lt=120", "base=coap://new.example", "floor=3"])
    expect("code", CHANGED, response.code)
    expect("resources", shown(SENSORS, "coap://new.example"), await directory.resources("ep=reg-update"))
    [(_, attributes)] = links(await directory.endpoints("ep=reg-update"))
    expect(
        "attributes",
        {"ep": "reg-update", "base": "coap://new.example", "rt": "core.rd-ep", "floor": "3", "room": "7"},
        dict(attributes),
    )
    await remove(directory, location)


@check
async def a_base_that_was_given_stays_when_an_update_gives_none(directory):
    location = await directory.register("reg-keep", "</a>", "base=coap://keep.example")
    response = await directory.request(POST, location, ["lt=100"])
    expect("code", CHANGED, response.code)
    expect("resources", "<coap://keep.example/a>", await directory.resources("ep=reg-keep"))
    await remove(directory, location)


@check
async def a_lifetime_runs_out(directory):
    await directory.register("reg-short", "</a>", "base=coap://short.example", "lt=1")
    observation = await Observation.start(directory, directory.interfaces.resources, "ep=reg-short")
    expect("resources", "<coap://short.example/a>", observation.first)
    expect("resources after the lifetime", "", await observation.next())
    observation.cancel()
    expect("names", [], await directory.names("ep=reg-short"))


@check
async def a_removed_registration_is_gone(directory):
    location = await directory.register("reg-gone", SENSORS, "base=coap://gone.example")
    response = await directory.request(DELETE, location)
    expect("code", DELETED, response.code)
    expect("resources", "", await directory.resources("ep=reg-gone"))
    expect("endpoints", "", await directory.endpoints("ep=reg-gone"))
    for code in [POST, GET, DELETE]:
        expect(f"code of a later {code}", NOT_FOUND, (await directory.request(code, location)).code)


@check
async def after_removal_the_name_can_be_registered_again(directory):
    location = await directory.register("reg-back", "</a>", "base=coap://back.example")
    await remove(directory, location)
    location = await directory.register("reg-back", "</b>", "base=coap://back.example")
    expect("resources", "<coap://back.example/b>", await directory.resources("ep=reg-back"))
    await remove(directory, location)


@check
async def a_group_is_registered_with_its_multicast_address(directory):
    location = await directory.register(
        "reg-lights",
        '</light>;rt="tag:example.com,2020:light"',
        "et=core.rd-group",
        "base=coap://[ff35:30:2001:db8::1]",
    )
    expect("names", ["reg-lights"], await directory.names("et=core.rd-group", "ep=reg-*"))
    expect_in("resources", "<coap://[ff35:30:2001:db8::1]/light>", await directory.resources("et=core.rd-group"))
    await remove(directory, location)


@check
async def what_presumes_another_state_is_not_done(directory):
    location = await directory.register("reg-if", SENSORS, "base=coap://reg-if.example")
    etag = (await directory.request(GET, location)).opt.etag
    response = await directory.request(DELETE, location, if_match=[b"other"])
    expect("code for another state", "4.12 Precondition Failed", str(response.code))
    response = await directory.request(POST, location, if_match=[b"other", etag])
    expect("code for the present state", CHANGED, response.code)
    response = await directory.request(GET, directory.interfaces.resources, if_match=[b""])
    expect("code for a look-up", "4.02 Bad Option", str(response.code))
    expect("removal", DELETED, (await directory.request(DELETE, location, if_match=[b""])).code)
    response = await directory.request(DELETE, location, if_match=[b""])
    expect("code for what is not there", "4.12 Precondition Failed", str(response.code))
