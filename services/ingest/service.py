"""The parts of a running ingest, and what it does in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from services.ingest.background import Background
from services.ingest.intake import Intake
from services.ingest.opt_out import retract_opted_out
from services.ingest.outbox import relay
from services.ingest.progress import advance
from services.ingest.queueing import queue_lost
from services.ingest.storing import AT_ONCE, store_due
from services.ingest.sweep_fhir import sweep
from services.ingest.tables import TABLES
from shared.bus import Bus, Delivery, open_bus
from shared.database import create_tables, open_engine, session
from shared.documents.opt_out import OptOut
from shared.events import Topic, progress_event
from shared.fhir.client import FhirClient, open_fhir
from shared.settings import Settings
from shared.worker import consume, decode

_BATCH = 50
_LOOK = 1.0  # seconds between looks at the database; what is entered here is carried on at once
_LOST = 15.0  # seconds between looks for lost notes


class Service:
    """The parts that the routes use, and the steps that the background repeats."""

    def __init__(self, settings: Settings, engine: Engine, bus: Bus, fhir: FhirClient) -> None:
        self.settings = settings
        self.engine = engine
        self.fhir = fhir
        self._bus = bus
        self._patience = timedelta(seconds=settings.ingest_patience_seconds)
        self._overlap = timedelta(seconds=settings.ingest_sweep_overlap_seconds)
        self._opt_out = OptOut(fhir, settings.opt_out_group)
        self.intake = Intake(
            engine,
            fhir,
            self._opt_out,
            limit=settings.ingest_max_attachment_bytes,
            on_record=lambda: self.background.wake("relay", "storing"),
        )
        self.background = Background(
            {
                "relay": (self._relay, _LOOK),
                "storing": (self._store, _LOOK),
                "sweep": (self._sweep, settings.ingest_sweep_seconds),
                "lost": (self._find_lost, min(_LOST, settings.ingest_patience_seconds)),
                "progress": (self._follow_progress, _LOOK),
            }
        )

    async def _relay(self) -> bool:
        now = datetime.now(UTC)
        taken = await asyncio.to_thread(relay, self.engine, self._bus, _BATCH, self._patience, now)
        return taken == _BATCH

    async def _store(self) -> bool:
        tried = await store_due(self.engine, self.fhir)
        if tried:
            self.background.wake("relay")
        return tried == AT_ONCE

    async def _sweep(self) -> bool:
        await sweep(self.engine, self.fhir, self.intake, self._overlap)
        return False

    async def _find_lost(self) -> bool:
        lost = await asyncio.to_thread(self._queue_lost)
        if lost + await retract_opted_out(self.engine, self._opt_out):
            self.background.wake("relay")
        return lost == _BATCH

    async def _follow_progress(self) -> bool:
        await consume(self._bus, Topic.PROGRESS, "ingest", self._advance, stop=asyncio.Event())
        return False

    async def _advance(self, delivery: Delivery) -> None:
        report = decode(progress_event, delivery)

        def commit() -> None:
            with session(self.engine) as opened:
                advance(opened, report, self._patience, datetime.now(UTC))

        await asyncio.to_thread(commit)

    def _queue_lost(self) -> int:
        with session(self.engine) as opened:
            return queue_lost(opened, datetime.now(UTC), _BATCH)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """Opens the database and the bus and runs the background until the block ends."""
    engine = open_engine(settings.database("ingest"))
    create_tables(engine, TABLES)
    bus = open_bus(settings.bus())
    try:
        async with open_fhir(settings) as fhir:
            service = Service(settings, engine, bus, fhir)
            async with service.background:
                yield service
    finally:
        bus.close()
        engine.dispose()
