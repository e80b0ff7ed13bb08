"""What the checks are written with: a client of one directory, comparisons, and the list of checks."""

import asyncio
import re
import socket
from dataclasses import dataclass

import aiocoap
from aiocoap import CONTENT, DELETE, DELETED, GET, POST
from aiocoap.numbers.contentformat import ContentFormat

LINK_FORMAT = 40
# Longest time that one check may take, and all of them, in seconds.
CHECK_TIMEOUT = 25
TOTAL_TIMEOUT = 90

checks = []


def check(function):
    """Adds a coroutine to the list of checks; its name, as a sentence, is what is reported."""
    checks.append(function)
    return function


class Mismatch(Exception):
    """Something was not as expected."""


def expect(what, expected, got):
    if expected != got:
        raise Mismatch(f"{what}: expected {expected!r}, got {got!r}")


def expect_in(what, part, whole):
    if part not in whole:
        raise Mismatch(f"{what}: expected {part!r} in {whole!r}")


def links(payload):
    """Reads link-format as a client does that knows no more than what directories write: a list of (target, attributes).

    The attributes are a list of (name, value), where the value of a flag is None. What is not of that form is a mismatch, so
    that this reader is a check of its own: values are quoted except that of sz, and there is no white space.
    """
    text = payload.decode("utf-8") if isinstance(payload, bytes) else payload
    found = []
    position = 0
    link = re.compile(r"<([^>]*)>")
    attribute = re.compile(r';([^\s=;,"<>]+)(?:="((?:[^"\\]|\\.)*)"|=([0-9]+))?')
    while position < len(text):
        if found:
            if text[position] != ",":
                raise Mismatch(f"link-format: expected a comma at byte {position} of {text!r}")
            position += 1
        match = link.match(text, position)
        if not match:
            raise Mismatch(f"link-format: expected a link at byte {position} of {text!r}")
        position = match.end()
        attributes = []
        while match_attribute := attribute.match(text, position):
            name, quoted, number = match_attribute.groups()
            if number is not None and name != "sz":
                raise Mismatch(f"link-format: the value of {name} is not quoted in {text!r}")
            if quoted == "":
                raise Mismatch(f"link-format: the value of {name} is empty in {text!r}")
            attributes.append((name, number if quoted is None else re.sub(r"\\(.)", r"\1", quoted)))
            position = match_attribute.end()
        if attributes and attributes[-1][0] == "sz":
            raise Mismatch(f"link-format: sz is last in {text!r}")
        found.append((match.group(1), attributes))
    return found


def targets(payload):
    return [target for target, _ in links(payload)]


@dataclass
class Interfaces:
    """Paths of the directory, as discovery tells them."""

    registration: tuple
    resources: tuple
    endpoints: tuple


class Directory:
    """A directory under test, spoken to by an aiocoap client."""

    def __init__(self, authority, context):
        self.authority = authority
        self.context = context
        self.interfaces = None

    @property
    def base(self):
        return f"coap://{self.authority}"

    async def discover(self):
        """Finds the three interfaces; everything else depends on it."""
        response = await self.request(GET, (".well-known", "core"), ["rt=core.rd*"])
        found = {}
        for target, attributes in links(response.payload):
            for name, value in attributes:
                if name == "rt":
                    found.setdefault(value, tuple(target.lstrip("/").split("/")))
        self.interfaces = Interfaces(found["core.rd"], found["core.rd-lookup-res"], found["core.rd-lookup-ep"])

    def message(self, code, path, query=(), payload=b"", content_format=None, **options):
        if isinstance(payload, str):
            payload = payload.encode("utf-8")
        message = aiocoap.Message(code=code, uri=self.base, payload=payload)
        message.opt.uri_path = tuple(path)
        message.opt.uri_query = tuple(query)
        if content_format is not None:
            message.opt.content_format = ContentFormat(content_format)
        for name, value in options.items():
            setattr(message.opt, name, value)
        return message

    async def request(self, *args, handle_blockwise=True, context=None, **kwargs):
        """Sends a request and returns the response, also one with an error code."""
        context = context or self.context
        return await context.request(self.message(*args, **kwargs), handle_blockwise=handle_blockwise).response

    async def register(self, endpoint, payload="", *query, expected="2.01 Created"):
        """Registers, and returns the path of the registration resource."""
        response = await self.request(
            POST, self.interfaces.registration, [f"ep={endpoint}", *query], payload, LINK_FORMAT
        )
        expect(f"registration of {endpoint}", expected, str(response.code))
        return response.opt.location_path

    async def look_up(self, path, *query, **options):
        """Returns the payload of a look-up that must succeed."""
        response = await self.request(GET, path, query, **options)
        expect(f"look-up {query}", CONTENT, response.code)
        expect(f"content format of look-up {query}", LINK_FORMAT, int(response.opt.content_format))
        return response.payload.decode("utf-8")

    async def resources(self, *query):
        return await self.look_up(self.interfaces.resources, *query)

    async def endpoints(self, *query):
        return await self.look_up(self.interfaces.endpoints, *query)

    async def names(self, *query):
        """Returns the endpoint names of an endpoint look-up, sorted."""
        return sorted(dict(attributes)["ep"] for _, attributes in links(await self.endpoints(*query)))


class Observation:
    """An observed look-up; keeps every notification, in order."""

    @classmethod
    async def start(cls, directory, path, *query):
        self = cls()
        self._request = directory.context.request(directory.message(GET, path, query, observe=0))
        self._notifications = asyncio.Queue()
        self._request.observation.register_callback(self._notifications.put_nowait)
        self._request.observation.register_errback(self._notifications.put_nowait)
        response = await self._request.response
        expect(f"start of the observation of {query}", CONTENT, response.code)
        expect("an Observe option in the answer", True, response.opt.observe is not None)
        self.first = response.payload.decode("utf-8")
        return self

    async def next(self):
        """Waits for the next notification and returns its payload."""
        notification = await self._notifications.get()
        if isinstance(notification, Exception):
            raise Mismatch(f"observation: expected a notification, got {notification!r}")
        expect("code of the notification", CONTENT, notification.code)
        expect("content format of the notification", LINK_FORMAT, int(notification.opt.content_format))
        return notification.payload.decode("utf-8")

    def pending(self):
        """Returns how many notifications have arrived and were not waited for."""
        return self._notifications.qsize()

    def cancel(self):
        self._request.observation.cancel()


async def remove(directory, *locations):
    """Removes registrations."""
    for location in locations:
        response = await directory.request(DELETE, location)
        expect("removal", DELETED, response.code)


def shown(payload, base):
    """Returns path-absolute links as a look-up shows them."""
    return payload.replace("</", f"<{base}/")


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


async def run(directory):
    """Runs the checks one after the other; returns how many passed and how many failed."""
    passed = failed = 0
    end = asyncio.get_running_loop().time() + TOTAL_TIMEOUT
    for function in checks:
        timeout = max(0, min(CHECK_TIMEOUT, end - asyncio.get_running_loop().time()))
        name = f"{function.__module__}: {function.__name__.replace('_', ' ')}"
        try:
            await asyncio.wait_for(function(directory), timeout)
        except Mismatch as mismatch:
            print(f"FAIL {name}: {mismatch}", flush=True)
            failed += 1
        except asyncio.TimeoutError:
            print(f"FAIL {name}: expected an end within {timeout:.0f} s, got none", flush=True)
            failed += 1
        except Exception as error:
            print(f"FAIL {name}: expected an answer, got {type(error).__name__}: {error}", flush=True)
            failed += 1
        else:
            print(f"ok {name}", flush=True)
            passed += 1
    return passed, failed
