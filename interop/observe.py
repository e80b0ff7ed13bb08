"""Observation of look-ups (RFC 9176 section 6.2, RFC 7641): a notification for each change of the answer, and no other."""

from aiocoap import POST

from blockwise import many_links
from harness import Observation, check, expect, remove


@check
async def a_lookup_is_observed_through_several_changes(directory):
    resources = directory.interfaces.resources
    observation = await Observation.start(directory, resources, "d=ob-a", "rt=lamp")
    expect("answer at the start", "", observation.first)

    one = await directory.register("ob-1", '</l>;rt="lamp"', "d=ob-a", "base=coap://one.example")
    expect("one lamp", '<coap://one.example/l>;rt="lamp"', await observation.next())

    # None of these changes the answer.
    unrelated = await directory.register("ob-2", '</l>;rt="lamp"', "d=ob-b", "base=coap://two.example")
    other_type = await directory.register("ob-3", '</v>;rt="valve"', "d=ob-a", "base=coap://three.example")
    await directory.register("ob-1", '</l>;rt="lamp"', "d=ob-a", "base=coap://one.example")
    for _ in range(3):
        expect("code of a renewal", "2.04 Changed", str((await directory.request(POST, one)).code))
    expect("code of an update", "2.04 Changed", str((await directory.request(POST, one, ["lt=1000", "floor=7"])).code))

    await directory.register("ob-3", '</w>;rt="lamp"', "d=ob-a", "base=coap://three.example")
    both = await observation.next()
    expect("two lamps", await directory.resources("d=ob-a", "rt=lamp"), both)
    expect("two lamps", 2, both.count('rt="lamp"'))

    # The content of a matching link changes.
    response = await directory.request(POST, one, ["base=coap://moved.example"])
    expect("code of an update", "2.04 Changed", str(response.code))
    moved = await observation.next()
    expect("moved lamp", True, '<coap://moved.example/l>;rt="lamp"' in moved)

    await remove(directory, one, unrelated)
    expect("one lamp left", '<coap://three.example/w>;rt="lamp"', await observation.next())
    await remove(directory, other_type)
    expect("no lamp left", "", await observation.next())
    expect("answer to a fresh look-up", "", await directory.resources("d=ob-a", "rt=lamp"))
    expect("notifications left over", 0, observation.pending())
    observation.cancel()


@check
async def an_endpoint_lookup_is_observed(directory):
    observation = await Observation.start(directory, directory.interfaces.endpoints, "d=ob-c")
    expect("answer at the start", "", observation.first)
    location = await directory.register("ob-4", "</a>", "d=ob-c", "base=coap://four.example")
    expect("one endpoint", await directory.endpoints("d=ob-c"), await observation.next())

    # Other links of the endpoint are no change of how the endpoint is shown.
    await directory.register("ob-4", "</a>,</b>", "d=ob-c", "base=coap://four.example")
    await directory.request(POST, location, ["floor=3"])
    with_floor = await observation.next()
    expect("one endpoint with a new attribute", await directory.endpoints("d=ob-c"), with_floor)
    expect("the new attribute", True, 'floor="3"' in with_floor)

    await remove(directory, location)
    expect("no endpoint", "", await observation.next())
    expect("notifications left over", 0, observation.pending())
    observation.cancel()


@check
async def a_long_answer_is_observed(directory):
    observation = await Observation.start(directory, directory.interfaces.resources, "d=ob-long")
    location = await directory.register("ob-long", many_links(5_000), "d=ob-long", "base=coap://long.example")
    notification = await observation.next()
    expect("notification and fresh answer", await directory.resources("d=ob-long"), notification)
    await remove(directory, location)
    expect("no resources", "", await observation.next())
    observation.cancel()


@check
async def a_page_is_observed(directory):
    observation = await Observation.start(directory, directory.interfaces.endpoints, "d=ob-page", "count=1", "page=0")
    one = await directory.register("ob-5", "</a>", "d=ob-page", "base=coap://five.example")
    expect("one endpoint", await directory.endpoints("d=ob-page", "count=1"), await observation.next())
    await remove(directory, one)
    expect("no endpoint", "", await observation.next())
    observation.cancel()


@check
async def several_observers_are_all_notified(directory):
    observations = [
        await Observation.start(directory, directory.interfaces.resources, "d=ob-several", f"x={number % 2}")
        for number in range(6)
    ]
    location = await directory.register("ob-6", '</a>;x="0",</b>;x="1"', "d=ob-several", "base=coap://six.example")
    for number, observation in enumerate(observations):
        expected = '<coap://six.example/a>;x="0"' if number % 2 == 0 else '<coap://six.example/b>;x="1"'
        expect(f"notification of observer {number}", expected, await observation.next())
    await remove(directory, location)
    for observation in observations:
        expect("no resources", "", await observation.next())
        observation.cancel()


@check
async def an_observer_that_cancels_is_not_notified_again(directory):
    resources = directory.interfaces.resources
    cancelled = await Observation.start(directory, resources, "d=ob-cancel", "x=1")
    kept = await Observation.start(directory, resources, "d=ob-cancel")
    cancelled.cancel()
    location = await directory.register("ob-7", '</a>;x="1"', "d=ob-cancel", "base=coap://seven.example")
    expect("notification of the other observer", '<coap://seven.example/a>;x="1"', await kept.next())
    expect("notifications after cancellation", 0, cancelled.pending())
    await remove(directory, location)
    expect("no resources", "", await kept.next())
    kept.cancel()
