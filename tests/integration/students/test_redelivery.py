"""A note whose student is away waits; it is no note's fault."""

from __future__ import annotations

import asyncio
from pathlib import Path

from shared.bus import Delivery, Message, open_bus
from shared.students.errors import StudentUnavailable
from shared.worker import consume


async def test_a_note_waits_for_its_student_and_is_not_given_up(tmp_path: Path) -> None:
    stop, attempts, given_up = asyncio.Event(), [], []

    async def handle(delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        if len(attempts) < 2:
            raise StudentUnavailable("the server is away")
        stop.set()

    async def give_up(delivery: Delivery, reason: str) -> None:
        given_up.append(reason)

    bus = open_bus(f"sqlite:///{tmp_path / 'bus.db'}")
    try:
        bus.publish("notes", [Message("patient", b"note")])
        await consume(
            bus, "notes", "extract", handle, stop=stop, max_attempts=1, on_dead_letter=give_up
        )
    finally:
        bus.close()
    assert (len(attempts), given_up) == (2, [])
