"""The same contract for every bus: the embedded one, and the one of CHARTSIFT_TEST_BUS_URL."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.bus import Bus, Consumer, Delivery, open_bus

ELSEWHERE = os.environ.get("CHARTSIFT_TEST_BUS_URL")

Receive = Callable[[Consumer, int], list[Delivery]]


@pytest.fixture(params=["embedded", *(["elsewhere"] if ELSEWHERE else [])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "elsewhere":
        return str(ELSEWHERE)
    return f"sqlite:///{tmp_path}/bus/bus.db?lease=1"


@pytest.fixture
def bus(url: str) -> Iterator[Bus]:
    opened = open_bus(url)
    yield opened
    opened.close()


@pytest.fixture
def topic() -> str:
    """A topic of its own for each test: a broker may be shared."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def receive() -> Receive:
    """Polls until `wanted` messages are there, or until nothing can be hoped for any more."""

    def poll_for(consumer: Consumer, wanted: int) -> list[Delivery]:
        received: list[Delivery] = []
        give_up = time.monotonic() + 30
        while len(received) < wanted and time.monotonic() < give_up:
            received += consumer.poll(wanted - len(received), 0.5)
        return received

    return poll_for
