"""What the replication drafts add to look-ups: where a link came from, and how old a registration is."""

from aiocoap import CONTENT, GET

from harness import check, expect, links, remove, targets


@check
async def provenance_is_shown_when_asked_for(directory):
    location = await directory.register("rp-1", '</a>;rt="x"', "base=coap://rp.example")
    [registration] = targets(await directory.endpoints("ep=rp-1"))
    expect("without being asked", [("rt", "x")], links(await directory.resources("ep=rp-1"))[0][1])
    for query in ["provenance", "provenance=/*", f"provenance={registration}"]:
        [(_, attributes)] = links(await directory.resources("ep=rp-1", query))
        expect(f"attributes for {query}", {"rt": "x", "provenance": registration}, dict(attributes))
    expect("other provenance", "", await directory.resources("ep=rp-1", "provenance=coap://elsewhere.example/*"))
    await remove(directory, location)


@check
async def a_link_cannot_lie_about_its_provenance(directory):
    location = await directory.register("rp-2", '</a>;provenance="coap://elsewhere.example/rd/1"', "base=coap://rp.example")
    [registration] = targets(await directory.endpoints("ep=rp-2"))
    [(_, attributes)] = links(await directory.resources("ep=rp-2", "provenance"))
    # The last one counts.
    expect("provenance", registration, [value for name, value in attributes if name == "provenance"][-1])
    await remove(directory, location)


@check
async def age_and_remaining_lifetime_are_shown_when_asked_for(directory):
    location = await directory.register("rp-3", "</a>", "base=coap://rp.example", "lt=600")
    [(_, attributes)] = links(await directory.endpoints("ep=rp-3"))
    expect("names without being asked", {"ep", "base", "rt"}, {name for name, _ in attributes})
    for name, least, most in [("lt-age", 0, 30), ("lt-remaining", 570, 600)]:
        response = await directory.request(GET, directory.interfaces.endpoints, ["ep=rp-3", name])
        expect("code", CONTENT, response.code)
        expect("an answer that is fresh for a minute at most", True, (response.opt.max_age or 60) <= 60)
        [(_, attributes)] = links(response.payload)
        expect("lifetime", "600", dict(attributes)["lt"])
        expect(f"{name} from {least} to {most}", True, least <= int(dict(attributes)[name]) <= most)
    await remove(directory, location)
