"""An open-loop load generator: requests leave when their time has come, whether or not earlier ones were answered.

Latency counts from the scheduled time, so that a server which stalls is charged for everyone it kept waiting
(otherwise: coordinated omission). Runs in a process of its own:

    python -m tests.bench.openloop --port 8000 --rate 167 --seconds 20 < paths

Prints one JSON object, times in ms. `lateness` is the generator's own: how long after their time requests were written
to a connection that was free.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import uvloop

AGENT = b"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Alarm:
    """A timer as fine as the kernel's (timerfd, so on Linux only).

    The loop's own are a millisecond coarse, and turning it over until the time has come would take a processor from what
    is measured.
    """

    _MONOTONIC, _NONBLOCK, _ABSOLUTE = 1, os.O_NONBLOCK, 1

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor: int = self._libc.timerfd_create(self._MONOTONIC, self._NONBLOCK)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._rung = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._descriptor, self._ring)

    def _ring(self) -> None:
        os.read(self._descriptor, 8)
        self._rung.set()

    async def wait_until(self, due: float) -> None:
        """Wait until a time of `time.perf_counter`."""
        self._rung.clear()
        seconds, rest = divmod(due, 1)
        setting = (ctypes.c_long * 4)(0, 0, int(seconds), int(rest * 1e9))  # no interval; once
        if self._libc.timerfd_settime(self._descriptor, self._ABSOLUTE, setting, None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")
        await self._rung.wait()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)


@dataclass
class Measured:
    latency: list[float] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0


class Connection(asyncio.Protocol):
    """One keep-alive connection, with at most one request on its way."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.transport: asyncio.Transport
        self.received = b""
        self.due: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length or 0):
            return
        self.received = b""
        due, self.due = self.due, None
        assert due is not None, "an answer to no request"
        self.generator.answered(self, due, int(head[9:12]))


class Generator:
    def __init__(self, requests: Sequence[bytes]) -> None:
        self.requests = requests
        self.measured = Measured()
        self.free: deque[Connection] = deque()
        self.waiting: deque[float] = deque()
        self.sent = 0

    def answered(self, connection: Connection, due: float, status: int) -> None:
        self.measured.latency.append((time.perf_counter() - due) * 1000)
        self.measured.statuses[status] += 1
        self.free.append(connection)
        if self.waiting:
            self.send(self.waiting.popleft())

    def send(self, due: float) -> None:
        self.free.popleft().send(self.requests[self.sent % len(self.requests)], due)
        self.sent += 1

    async def run(self, port: int, times: Sequence[float], *, connections: int) -> Measured:
        """Send one request at each of these times, in seconds from now."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, made = await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
            self.free.append(made)
        alarm = Alarm()
        begun = time.perf_counter()
        for offset in times:
            due = begun + offset
            if due > time.perf_counter():
                await alarm.wait_until(due)
            if self.free:
                self.measured.lateness.append((time.perf_counter() - due) * 1000)
                self.send(due)
            else:
                self.waiting.append(due)
        end = time.perf_counter() + 10
        while len(self.measured.latency) < len(times) and time.perf_counter() < end:  # noqa: ASYNC110  # ten seconds at most
            await asyncio.sleep(0.01)
        alarm.close()
        self.measured.unanswered = len(times) - len(self.measured.latency)
        return self.measured


def schedule(rate: float, seconds: float, *, seed: int) -> list[float]:
    """Draw arrivals as independent visitors make them: a Poisson process."""
    dice, times, now = random.Random(seed), [], 0.0
    while (now := now + dice.expovariate(rate)) < seconds:
        times.append(now)
    return times


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    requests = [
        b"GET %b HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: %b\r\nAccept-Language: en-GB\r\n\r\n"
        % (path.strip().encode(), asked.port, AGENT)
        for path in sys.stdin
    ]
    random.Random(asked.seed).shuffle(requests)
    times = schedule(asked.rate, asked.seconds, seed=asked.seed)
    measured = uvloop.run(Generator(requests).run(asked.port, times, connections=asked.connections))
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    result = {
        "latency": {name: percentile(measured.latency, share) for name, share in shares.items()},
        "lateness": {name: percentile(measured.lateness, share) for name, share in shares.items()},
        "statuses": measured.statuses,
        "unanswered": measured.unanswered,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
