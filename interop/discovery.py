"""URI discovery at /.well-known/core (RFC 9176 section 4.3, RFC 6690 section 4)."""

from aiocoap import CONTENT, GET, VALID

from harness import LINK_FORMAT, check, expect, expect_in, links, targets

CORE = (".well-known", "core")


def types(payload):
    return [dict(attributes).get("rt") for _, attributes in links(payload)]


@check
async def the_list_of_resources_is_link_format(directory):
    response = await directory.request(GET, CORE)
    expect("code", CONTENT, response.code)
    expect("content format", LINK_FORMAT, int(response.opt.content_format))
    for rt in ["core.rd", "core.rd-lookup-ep", "core.rd-lookup-res"]:
        expect_in("types", rt, types(response.payload))


@check
async def the_registration_interface_is_found_alone(directory):
    payload = await directory.look_up(CORE, "rt=core.rd")
    expect("types", ["core.rd"], types(payload))


@check
async def the_registration_interface_comes_first_and_path_absolute(directory):
    # RIOT takes the first reference of the answer, in 512 bytes, for a path.
    payload = await directory.look_up(CORE, "rt=core.rd*")
    expect("types", ["core.rd", "core.rd-lookup-ep", "core.rd-lookup-res"], [types(payload)[0], *sorted(types(payload)[1:])])
    expect("first character of the first target", "/", targets(payload)[0][0])
    expect("fits in 512 bytes", True, len(payload) <= 512)


@check
async def the_lookup_interfaces_are_found_by_prefix(directory):
    payload = await directory.look_up(CORE, "rt=core.rd-lookup*")
    expect("types", ["core.rd-lookup-ep", "core.rd-lookup-res"], sorted(types(payload)))


@check
async def each_lookup_interface_is_found_alone(directory):
    for rt in ["core.rd-lookup-ep", "core.rd-lookup-res"]:
        expect("types", [rt], types(await directory.look_up(CORE, f"rt={rt}")))


@check
async def a_filter_that_nothing_matches_gives_an_empty_list(directory):
    expect("payload", "", await directory.look_up(CORE, "rt=no.such.type"))


@check
async def several_criteria_must_all_match(directory):
    registration = "/" + "/".join(directory.interfaces.registration)
    expect("targets", [registration], targets(await directory.look_up(CORE, "rt=core.rd*", f"href={registration}")))
    expect("payload", "", await directory.look_up(CORE, "rt=core.rd-lookup*", f"href={registration}"))


@check
async def the_list_is_revalidated_by_its_etag(directory):
    response = await directory.request(GET, CORE, ["rt=core.rd"])
    expect("an ETag", True, response.opt.etag is not None)
    again = await directory.request(GET, CORE, ["rt=core.rd"], etags=[response.opt.etag])
    expect("code", VALID, again.code)
    expect("payload", b"", again.payload)


@check
async def the_implementation_is_named(directory):
    [(_, attributes)] = links(await directory.look_up(CORE, "rel=impl-info"))
    expect("relation", "impl-info", dict(attributes)["rel"])
