"""Times registrations and look-ups at two directories over the loopback interface: see `aiocoap` beside this file.

Requests go out one after the other from a plain socket, so that both directories are asked the same way and the client takes
little of the time.
"""

import contextlib
import signal
import socket
import statistics
import subprocess
import sys
import time

from aiocoap import Message
from aiocoap.numbers.codes import CHANGED, CONTENT, CREATED, GET, POST
from aiocoap.numbers.types import CON

LINKS = 10
ROUNDS = 25
BUDGET = 10.0


class Client:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(10)
        self.mid = 0

    def send(self, message):
        self.mid = (self.mid + 1) % 0x10000
        message.mid, message.token, message.mtype = self.mid, self.mid.to_bytes(2, "big"), CON
        self.socket.send(message.encode())
        while True:
            answer = Message.decode(self.socket.recv(65536))
            if answer.token == message.token:
                if answer.mtype is CON:
                    raise RuntimeError("a separate response is not expected here")
                return answer

    def get(self, path, query):
        """Returns the whole body, block by block."""
        body, number = b"", 0
        while True:
            message = Message(code=GET, uri_path=path, uri_query=query)
            if number:
                message.opt.block2 = (number, False, 6)
            answer = self.send(message)
            if answer.code is not CONTENT:
                raise RuntimeError(f"{path}?{query}: {answer.code}")
            body += answer.payload
            if answer.opt.block2 is None or not answer.opt.block2.more:
                return body
            number += 1

    def post(self, path, query, payload):
        """Sends a payload, block by block."""
        size = 512
        for start in range(0, len(payload), size):
            message = Message(code=POST, uri_path=path, uri_query=query, payload=payload[start : start + size])
            message.opt.content_format = 40
            is_last = start + size >= len(payload)
            message.opt.block1 = (start // size, not is_last, 5)
            answer = self.send(message)
        if answer.code not in (CREATED, CHANGED):
            raise RuntimeError(f"{path}?{query}: {answer.code}")


def start(running, *command):
    """Starts a directory on a free port, to end with `running`, and waits until it answers; returns a client."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [argument.replace("PORT", str(port)) for argument in command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running.callback(process.wait, timeout=10)
    running.callback(process.terminate)
    for _ in range(100):
        client = Client(port)
        try:
            client.get([".well-known", "core"], [])
            return client
        except (OSError, RuntimeError):
            time.sleep(0.1)
    sys.exit(f"{command[0]} does not answer")


def document(number, rare):
    words = ["temperature-c", "humidity", "light-lux", "battery", "co2"]
    links = []
    for link in range(LINKS):
        rt = words[(number + link) % 5] + (" rare" if rare and link == 1 else "")
        links.append(f'</sensors/{number}/{link}>;rt="{rt}";if="sensor";ct=40;title="Sensor {link} of model {number % 1000}"')
    return ",".join(links).encode()


def median(work):
    """Returns the median time of as many rounds as fit into the budget, in seconds."""
    times, start = [], time.perf_counter()
    while len(times) < ROUNDS and (not times or time.perf_counter() - start < BUDGET):
        before = time.perf_counter()
        work(len(times))
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def measure(client, register, endpoints, resources, count):
    def post(number):
        query = [f"ep=node{number:08}", f"base=coap://[2001:db8::{number + 1:x}]"]
        client.post(register, query, document(number, number % max(count // 10, 1) == 7 % max(count // 10, 1)))

    def look_up(path, query, links):
        body = client.get(path, query)
        found = body.count(b"<")
        if found != links:
            raise RuntimeError(f"{path}?{query}: {found} results, not {links}")

    begin = time.perf_counter()
    for number in range(count):
        post(number)
    yield "register", (time.perf_counter() - begin) / count
    yield "renew by registering again", median(lambda turn: post(turn * 7 % count))
    yield "ep?ep=…, 1 result", median(lambda turn: look_up(endpoints, [f"ep=node{turn * 37 % count:08}"], 1))
    yield f"res?ep=…, {LINKS} results", median(lambda turn: look_up(resources, [f"ep=node{turn * 37 % count:08}"], LINKS))
    yield "res?rt=…, 10 results", median(lambda turn: look_up(resources, ["rt=rare"], 10))
    yield "res?page=…&count=10", median(lambda turn: look_up(resources, [f"page={turn}", "count=10"], 10))


def main():
    # So that the directories end with this program also when its time is over.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("out of time"))
    aiocoap_rd, rd, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with contextlib.ExitStack() as running:
        peer = start(running, aiocoap_rd, "--bind", "127.0.0.1:PORT")
        theirs = list(measure(peer, ["resourcedirectory", ""], ["endpoint-lookup", ""], ["resource-lookup", ""], count))
        own = start(running, rd, "--listen", "127.0.0.1:PORT", "--quiet")
        ours = list(measure(own, ["rd"], ["rd-lookup", "ep"], ["rd-lookup", "res"], count))
    print(f"| {count} registrations of {LINKS} links, over loopback | aiocoap-rd | `rd` | ratio |")
    print("|---|--:|--:|--:|")
    for (operation, slow), (_, fast) in zip(theirs, ours):
        print(f"| {operation} | {slow * 1e3:.2f} ms | {fast * 1e3:.2f} ms | {slow / fast:.0f} |")


if __name__ == "__main__":
    main()
