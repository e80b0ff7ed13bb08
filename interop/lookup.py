"""Look-ups with their filters and pages (RFC 9176 section 6)."""

from aiocoap import CONTENT, GET, VALID

from harness import check, expect, links, remove, targets

# Three endpoints of two sectors.
NODES = {
    "lu-1": (
        ["d=lu-a", "et=oic.d.sensor", "et=tag:example.com,2020:platform", "base=coap://lu-1.example"],
        '</temp>;rt="temperature-c tag:example.org,2020:temp";if="sensor";title="Oil",</light>;rt="light-lux";if="sensor",'
        '<http://www.example.com/t123>;anchor="/temp";rel="describedby",</t>;anchor="/temp";rel="alternate"',
    ),
    "lu-2": (
        ["d=lu-a", "floor=3", "base=coap://[2001:db8::2]:61616"],
        '</temp>;rt="temperature-c";if="sensor";title="Air"',
    ),
    "lu-3": (["d=lu-b", "base=coap://lu-3.example"], '</valve>;rt="valve";if="actuator";obs'),
}


class Nodes:
    """The three endpoints, registered for the time of a check."""

    def __init__(self, directory):
        self.directory = directory
        self.locations = {}

    async def __aenter__(self):
        for name, (query, payload) in NODES.items():
            self.locations[name] = await self.directory.register(name, payload, *query)
        return {name: "/" + "/".join(location) for name, location in self.locations.items()}

    async def __aexit__(self, *_):
        await remove(self.directory, *self.locations.values())


async def expect_resources(directory, expected, *query):
    expect(f"targets of {query}", sorted(expected), sorted(targets(await directory.resources(*query))))


async def expect_names(directory, expected, *query):
    expect(f"names of {query}", expected, await directory.names(*query))


T1, L1, A1 = "coap://lu-1.example/temp", "coap://lu-1.example/light", "coap://lu-1.example/t"
D1, T2, V3 = "http://www.example.com/t123", "coap://[2001:db8::2]:61616/temp", "coap://lu-3.example/valve"


@check
async def references_are_resolved_and_uris_are_left_alone(directory):
    async with Nodes(directory):
        expected = (
            '<coap://lu-1.example/temp>;rt="temperature-c tag:example.org,2020:temp";if="sensor";title="Oil",'
            '<coap://lu-1.example/light>;rt="light-lux";if="sensor",'
            '<http://www.example.com/t123>;anchor="coap://lu-1.example/temp";rel="describedby",'
            '<coap://lu-1.example/t>;anchor="coap://lu-1.example/temp";rel="alternate"'
        )
        expect("resources", expected, await directory.resources("ep=lu-1"))


@check
async def resources_are_found_by_endpoint_name_and_sector(directory):
    async with Nodes(directory):
        await expect_resources(directory, [T1, L1, D1, A1], "ep=lu-1")
        await expect_resources(directory, [T1, L1, D1, A1, T2], "d=lu-a")
        await expect_resources(directory, [V3], "ep=lu-3", "d=lu-b")
        await expect_resources(directory, [], "ep=lu-3", "d=lu-a")


@check
async def resources_are_found_by_type_also_one_of_several(directory):
    async with Nodes(directory):
        await expect_resources(directory, [T1, T2], "rt=temperature-c", "ep=lu-*")
        await expect_resources(directory, [T1], "rt=tag:example.org,2020:temp", "ep=lu-*")
        await expect_resources(directory, [V3], "if=actuator", "ep=lu-*")


@check
async def resources_are_found_by_prefix(directory):
    async with Nodes(directory):
        await expect_resources(directory, [T1, T2], "rt=temp*", "ep=lu-*")
        await expect_resources(directory, [T1], "rt=tag:example.org,*", "ep=lu-*")
        await expect_resources(directory, [], "rt=emp*", "ep=lu-*")


@check
async def resources_are_found_by_existence_of_an_attribute(directory):
    async with Nodes(directory):
        await expect_resources(directory, [T1, T2], "title=*", "ep=lu-*")
        await expect_resources(directory, [V3], "obs=*", "ep=lu-*")
        await expect_resources(directory, [V3], "obs", "ep=lu-*")
        await expect_resources(directory, [T2], "floor=*", "ep=lu-*")


@check
async def three_criteria_are_joined_by_and(directory):
    async with Nodes(directory):
        await expect_resources(directory, [T1], "d=lu-a", "if=sensor", "title=Oil")
        await expect_resources(directory, [T2], "title=Air", "rt=temperature-c", "d=lu-a")
        await expect_resources(directory, [], "d=lu-b", "if=sensor", "title=Oil")
        await expect_resources(directory, [], "title=Oil", "if=sensor", "d=lu-b")
        await expect_resources(directory, [], "if=sensor", "title=Air", "ep=lu-1")


@check
async def resources_are_found_by_resolved_href_and_anchor(directory):
    async with Nodes(directory):
        await expect_resources(directory, [T1], f"href={T1}")
        await expect_resources(directory, [D1], f"href={D1}")
        await expect_resources(directory, [T1, L1, A1], "href=coap://lu-1.example/*")
        await expect_resources(directory, [D1, A1], f"anchor={T1}")
        await expect_resources(directory, [], "href=/temp", "ep=lu-*")
        await expect_resources(directory, [], "anchor=/temp", "ep=lu-*")


@check
async def resources_are_found_by_what_their_endpoint_has(directory):
    async with Nodes(directory) as location:
        await expect_resources(directory, [T1, L1, D1, A1], "et=oic.d.sensor", "ep=lu-*")
        await expect_resources(directory, [T2], "base=coap://[2001:db8::2]:61616")
        await expect_resources(directory, [T2], "floor=3", "ep=lu-*")
        await expect_resources(directory, [T2], f"href={location['lu-2']}")
        await expect_resources(directory, [T2], f"href={directory.base}{location['lu-2']}")


@check
async def endpoints_are_found_by_their_attributes(directory):
    async with Nodes(directory) as location:
        await expect_names(directory, ["lu-1", "lu-2"], "d=lu-a")
        await expect_names(directory, ["lu-1", "lu-2", "lu-3"], "ep=lu-*")
        await expect_names(directory, ["lu-1"], "et=tag:example.com,2020:platform", "ep=lu-*")
        await expect_names(directory, ["lu-1"], "et=oic.d.sensor", "et=tag:*", "ep=lu-*")
        await expect_names(directory, ["lu-3"], "base=coap://lu-3.example")
        await expect_names(directory, ["lu-2"], f"href={location['lu-2']}")
        await expect_names(directory, ["lu-2"], f"href={directory.base}{location['lu-2']}")
        await expect_names(directory, ["lu-1", "lu-2", "lu-3"], "href=/*", "ep=lu-*")


@check
async def endpoints_are_found_by_what_their_links_have(directory):
    async with Nodes(directory):
        await expect_names(directory, ["lu-1", "lu-2"], "rt=temperature-c", "ep=lu-*")
        await expect_names(directory, ["lu-1"], "rt=temperature-c", "rt=light-lux", "ep=lu-*")
        await expect_names(directory, ["lu-1"], f"href={T1}")
        await expect_names(directory, ["lu-1"], f"anchor={T1}")
        await expect_names(directory, ["lu-2"], "title=Air", "floor=3", "ep=lu-*")


@check
async def endpoints_are_shown_with_their_attributes(directory):
    async with Nodes(directory) as location:
        [(target, attributes)] = links(await directory.endpoints("ep=lu-1"))
        expect("location", location["lu-1"], target)
        expected = [
            ("base", "coap://lu-1.example"),
            ("d", "lu-a"),
            ("ep", "lu-1"),
            ("et", "oic.d.sensor"),
            ("et", "tag:example.com,2020:platform"),
            ("rt", "core.rd-ep"),
        ]
        expect("attributes", expected, sorted(attributes))


@check
async def names_of_parameters_are_compared_without_regard_to_case(directory):
    async with Nodes(directory):
        await expect_resources(directory, [V3], "RT=valve", "Ep=lu-3")


@check
async def a_lookup_that_nothing_matches_is_empty(directory):
    expect("resources", "", await directory.resources("ep=lu-nobody"))
    expect("endpoints", "", await directory.endpoints("ep=lu-nobody"))


@check
async def pages_put_together_are_the_whole(directory):
    async with Nodes(directory):
        whole = targets(await directory.resources("ep=lu-*"))
        expect("number of resources", 6, len(whole))
        pages = []
        for page in range(3):
            pages.append(targets(await directory.resources("ep=lu-*", f"page={page}", "count=2")))
        expect("sizes of the pages", [2, 2, 2], [len(page) for page in pages])
        expect("pages together", whole, sum(pages, []))
        expect("page after the last", "", await directory.resources("ep=lu-*", "page=3", "count=2"))
        expect("count alone", whole[:4], targets(await directory.resources("ep=lu-*", "count=4")))
        expect("count of zero", "", await directory.resources("ep=lu-*", "count=0"))


@check
async def a_walk_with_pages_of_one_sees_each_endpoint_once(directory):
    # RIOT asks so, repeats page and count, and ends at an empty answer.
    async with Nodes(directory):
        seen = []
        for page in range(10):
            payload = await directory.endpoints("ep=lu-*", "page=0", "count=5", "count=1", f"page={page}")
            if not payload:
                break
            [(_, attributes)] = links(payload)
            seen.append(dict(attributes)["ep"])
        expect("endpoints", ["lu-1", "lu-2", "lu-3"], sorted(seen))


@check
async def an_answer_is_revalidated_by_its_etag_until_it_changes(directory):
    async with Nodes(directory):
        for path in [directory.interfaces.resources, directory.interfaces.endpoints]:
            first = await directory.request(GET, path, ["d=lu-a"])
            expect("an ETag", True, first.opt.etag is not None)
            same = await directory.request(GET, path, ["d=lu-a"], etags=[first.opt.etag])
            expect("code", VALID, same.code)
            expect("payload", b"", same.payload)
            other = await directory.register("lu-other", "</a>", "d=lu-a", "base=coap://other.example")
            changed = await directory.request(GET, path, ["d=lu-a"], etags=[first.opt.etag])
            expect("code after a change", CONTENT, changed.code)
            await remove(directory, other)


@check
async def link_format_can_be_asked_for_and_nothing_else(directory):
    response = await directory.request(GET, directory.interfaces.resources, ["ep=lu-nobody"], accept=40)
    expect("code", CONTENT, response.code)
    response = await directory.request(GET, directory.interfaces.resources, ["ep=lu-nobody"], accept=60)
    expect("code for another format", "4.06 Not Acceptable", str(response.code))
