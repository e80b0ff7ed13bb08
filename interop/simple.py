"""Registrants that aiocoap brings: simple registration (RFC 9176 section 5.1) and its Registerer."""

import asyncio

import aiocoap
from aiocoap import CHANGED, DELETE, GET, POST, resource
from aiocoap.resourcedirectory.client.register import Registerer

from harness import Observation, check, expect, free_port, links, remove


class Core(resource.WKCResource):
    """A /.well-known/core that counts how often it is asked."""

    asked = 0

    async def render_get(self, request):
        self.asked += 1
        return await super().render_get(request)


class Sensor(resource.Resource):
    """A resource with a type."""

    rt = "temperature-c"

    async def render_get(self, request):
        return aiocoap.Message(payload=b"21")


class Device:
    """A CoAP server with two resources, from whose socket requests go out as well."""

    def __init__(self, directory):
        # On the loopback address of the same family.
        self.authority_host = directory.authority.rpartition(":")[0]
        self.host = self.authority_host.strip("[]")

    async def __aenter__(self):
        site = resource.Site()
        self.core = Core(site.get_resources_as_linkheader, impl_info=None)
        site.add_resource([".well-known", "core"], self.core)
        site.add_resource(["sensors", "temp"], Sensor())
        self.port = free_port(self.host)
        self.context = await aiocoap.Context.create_server_context(
            site, bind=(self.host, self.port), transports=["udp6"]
        )
        return self

    async def __aexit__(self, *_):
        await self.context.shutdown()

    @property
    def base(self):
        return f"coap://{self.authority_host}:{self.port}"


async def location_of(directory, endpoint):
    [(target, attributes)] = links(await directory.endpoints(f"ep={endpoint}"))
    return target.lstrip("/").split("/"), dict(attributes)


@check
async def a_device_registers_simply(directory):
    async with Device(directory) as device:
        response = await directory.request(
            POST, (".well-known", "rd"), ["ep=simple-1", "lt=6000", "d=simple"], context=device.context
        )
        expect("code", CHANGED, response.code)
        expect("times that /.well-known/core was asked for before the answer", 1, device.core.asked)
        found = links(await directory.resources("ep=simple-1"))
        expect_sensor(device, found)
        location, attributes = await location_of(directory, "simple-1")
        expect("base", device.base, attributes["base"])
        expect("sector", "simple", attributes["d"])

        # It has said for how long what it offers stays the same.
        response = await directory.request(
            POST, (".well-known", "rd"), ["ep=simple-1", "lt=6000", "d=simple"], context=device.context
        )
        expect("code of the renewal", CHANGED, response.code)
        expect("times that /.well-known/core was asked for, renewal included", 1, device.core.asked)
        expect("removal", "2.02 Deleted", str((await directory.request(DELETE, location)).code))


def expect_sensor(device, found):
    by_target = {target: dict(attributes) for target, attributes in found}
    expect("a sensor", "temperature-c", by_target.get(f"{device.base}/sensors/temp", {}).get("rt"))


@check
async def a_simple_registration_must_not_give_a_base(directory):
    async with Device(directory) as device:
        response = await directory.request(
            POST, (".well-known", "rd"), ["ep=simple-2", "base=coap://elsewhere.example"], context=device.context
        )
        expect("code", "4.00 Bad Request", str(response.code))
        expect("diagnostic names the parameter", True, "base" in response.payload.decode())
        expect("names", [], await directory.names("ep=simple-2"))


@check
async def the_registrant_of_aiocoap_registers_and_leaves(directory):
    async with Device(directory) as device:
        observation = await Observation.start(directory, directory.interfaces.resources, "ep=simple-3")
        registerer = Registerer(
            device.context, rd=directory.base, lt=600, registration_parameters={"ep": "simple-3", "d": "simple"}
        )
        found = links(await observation.next())
        expect_sensor(device, found)
        _, attributes = await location_of(directory, "simple-3")
        expect("base", device.base, attributes["base"])
        await until(lambda: registerer.state == "registered")
        await registerer.shutdown()
        expect("resources after it left", "", await observation.next())
        observation.cancel()


@check
async def the_registrant_of_aiocoap_renews(directory):
    async with Device(directory) as device:
        registerer = Registerer(device.context, rd=directory.base, lt=2, registration_parameters={"ep": "simple-4"})
        states = []
        set_state = registerer._set_state
        registerer._set_state = lambda state: (states.append(state), set_state(state))
        # Twice the lifetime and more: without the renewals the registration would be gone.
        await until(lambda: states.count("renewing") >= 3 and states[-1] == "registered")
        expect("states after the first registration", set(["renewing", "registered"]), set(states[-6:]))
        expect("names", ["simple-4"], await directory.names("ep=simple-4"))
        await registerer.shutdown()
        expect("names", [], await directory.names("ep=simple-4"))


@check
async def a_commissioning_tool_registers_another_device(directory):
    async with Device(directory) as device:
        message = aiocoap.Message(code=GET, uri=f"{device.base}/.well-known/core")
        core = await directory.context.request(message).response
        location = await directory.register("simple-5", core.payload, f"base={device.base}")
        expect_sensor(device, links(await directory.resources("ep=simple-5")))
        await remove(directory, location)


async def until(condition):
    """Waits for a state that aiocoap gives no event for."""
    while not condition():
        await asyncio.sleep(0.01)
