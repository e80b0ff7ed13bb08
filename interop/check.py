#!/usr/bin/env python3
"""Drives a running Resource Directory with aiocoap and libcoap, and compares its answers with what is expected.

    check.py 127.0.0.1:5683 [WORD...]

With words, only the checks run whose name contains one of them. Each check uses endpoint names and sectors of its own, so that
a directory need not be empty, and takes away what it registered.
"""

import asyncio
import logging
import sys

import aiocoap

import blockwise
import datagrams
import deltas
import discovery
import errors
import harness
import libcoap
import lookup
import observe
import registration
import replication
import simple

MODULES = [discovery, registration, deltas, lookup, blockwise, observe, simple, replication, errors, datagrams, libcoap]


async def main(authority, words):
    # aiocoap reports each reset and late answer as a warning; the checks look at the answers themselves.
    logging.basicConfig(level=logging.CRITICAL)
    order = [module.__name__ for module in MODULES]
    harness.checks.sort(key=lambda function: order.index(function.__module__))
    if words:
        harness.checks = [f for f in harness.checks if any(w in f"{f.__module__} {f.__name__}" for w in words)]
    context = await aiocoap.Context.create_client_context(transports=["udp6"])
    try:
        directory = harness.Directory(authority, context)
        try:
            await asyncio.wait_for(directory.discover(), harness.CHECK_TIMEOUT)
        except Exception as error:
            print(f"FAIL discovery: expected the three interfaces, got {type(error).__name__}: {error}")
            return 1
        passed, failed = await harness.run(directory)
    finally:
        await context.shutdown()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
