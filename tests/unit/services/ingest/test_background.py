"""A background step that fails is tried again and holds up no other."""

from __future__ import annotations

import asyncio

import pytest

from services.ingest import background as module
from services.ingest.background import Background
from shared.fhir.client import FhirUnavailable


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.001)


async def test_a_crash_is_told_and_the_step_goes_on():
    rounds, recovered = [], asyncio.Event()

    async def step() -> bool:
        rounds.append(background.broken())
        if len(rounds) < 3:
            raise RuntimeError("boom")
        recovered.set()
        return False

    background = Background({"relay": (step, 60.0)})
    async with background:
        await recovered.wait()
        await asyncio.sleep(0)
        assert background.broken() == {}
    assert rounds == [{}, {"relay": "RuntimeError"}, {"relay": "RuntimeError"}]


async def test_an_outage_is_waited_out_without_being_broken():
    seen = asyncio.Event()

    async def step() -> bool:
        seen.set()
        raise FhirUnavailable("no answer")

    async with Background({"sweep": (step, 60.0)}) as background:
        await seen.wait()
        await asyncio.sleep(0)
        assert background.broken() == {}
        assert "no answer" in background.loops["sweep"].trouble


async def test_one_step_that_fails_does_not_hold_up_the_others():
    healthy = asyncio.Event()

    async def failing() -> bool:
        raise RuntimeError("boom")

    async def working() -> bool:
        healthy.set()
        return False

    async with Background({"a": (failing, 60.0), "b": (working, 60.0)}):
        await healthy.wait()


async def test_waking_ends_the_pause():
    rounds: asyncio.Queue[None] = asyncio.Queue()

    async def step() -> bool:
        rounds.put_nowait(None)
        return False

    async with Background({"relay": (step, 3600.0)}) as background:
        await rounds.get()
        await asyncio.sleep(0)
        background.wake("relay")
        await rounds.get()


async def test_a_task_that_has_ended_is_broken():
    async def step() -> bool:
        raise asyncio.CancelledError

    async with Background({"relay": (step, 1.0)}) as background:
        await asyncio.sleep(0.01)
        assert background.broken() == {"relay": "it has ended"}
