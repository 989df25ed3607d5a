"""The delivery loop ends when it is told to, whatever else happens at that moment."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from services.trials import delivery
from shared.fhir.client import FhirClient


@pytest.mark.parametrize("woken_before", [True, False])
async def test_a_loop_that_is_woken_and_cancelled_at_once_ends(
    engine: Engine, tmp_path: Path, woken_before: bool
) -> None:
    wake = asyncio.Event()
    async with FhirClient("http://127.0.0.1:9/fhir") as fhir, httpx.AsyncClient() as http:
        loop = asyncio.create_task(delivery.deliver(engine, fhir, http, "http://127.0.0.1:9", wake))
        await asyncio.sleep(0.2)  # it now waits for its pause to end
        if woken_before:
            wake.set()
        loop.cancel()
        if not woken_before:
            wake.set()
        await asyncio.wait([loop], timeout=5)
        ended = loop.done()
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([loop], timeout=5)
    assert ended
