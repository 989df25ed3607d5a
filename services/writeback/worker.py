"""Consumes answers and writes them, with the eligibility that follows, to the FHIR server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date

from services.writeback.corrections import Corrections
from services.writeback.patients import Patients
from services.writeback.screening import ScreeningLists
from services.writeback.settlement import Unsettled
from services.writeback.tables import TABLES
from shared.bus import Bus, Delivery, Message, open_bus
from shared.criteria.catalog import CatalogUnavailable, StudyCatalog
from shared.database import create_tables, open_engine
from shared.events import (
    NoteAnswered,
    NoteProgress,
    NoteRef,
    NoteRetracted,
    ProgressState,
    Topic,
    answers_event,
)
from shared.fhir.client import open_fhir
from shared.settings import Settings
from shared.telemetry import describe, get_logger
from shared.worker import Later, Poison, consume, decode

GROUP = "writeback"
PATIENTS_AT_ONCE = 4
PART = "part"  # header of a message that holds one answer which the FHIR server refused
LONGEST_PAUSE = 60.0

log = get_logger()


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Until `stop`; then what has begun is finished."""
    engine = open_engine(settings.database("writeback"))
    create_tables(engine, TABLES)
    bus = open_bus(settings.bus())
    async with open_fhir(settings) as fhir, StudyCatalog(settings.trials_url) as catalog:
        patients = Patients(engine, fhir, catalog, lambda: settings.as_of or date.today())
        lists = ScreeningLists(engine, fhir)
        corrections = Corrections(engine, fhir, patients)
        answers = Answers(bus, patients)
        async with asyncio.TaskGroup() as tasks:
            sweeps = [
                tasks.create_task(repeat(work, seconds, stop))
                for work, seconds in (
                    (corrections.sweep, settings.review_sweep),
                    (lists.publish, settings.screening_list_delay),
                )
            ]
            await consume(
                bus,
                Topic.ANSWERS,
                GROUP,
                answers.handle,
                stop=stop,
                concurrency=PATIENTS_AT_ONCE,
                on_dead_letter=answers.give_up,
            )
            await asyncio.wait(sweeps)
    bus.close()
    engine.dispose()


class Answers:
    """What is done with a message of the topic `answers`."""

    def __init__(self, bus: Bus, patients: Patients) -> None:
        self._bus = bus
        self._patients = patients

    async def handle(self, delivery: Delivery) -> None:
        """Durable on FHIR and reported when it returns."""
        event = decode(answers_event, delivery)
        try:
            match event:
                case NoteRetracted():
                    await self._patients.retracted(event)
                    rejected: dict[str, str] = {}
                case NoteAnswered():
                    rejected = await self._patients.answered(event)
        except (CatalogUnavailable, Unsettled) as error:
            raise Later(str(error)) from error
        if rejected and isinstance(event, NoteAnswered):
            if PART in delivery.message.headers:
                raise Poison("; ".join(f"{key}: {why}" for key, why in rejected.items()))
            await self._set_apart(event, rejected)
        if PART not in delivery.message.headers:
            what = ", ".join(sorted(rejected))
            reason = f"refused by the FHIR server, see the dead letters: {what}" if what else None
            await self._report(event.note, ProgressState.WRITTEN, reason)

    async def give_up(self, delivery: Delivery, reason: str) -> None:
        """A dead letter: the note has failed, unless only a part of it has."""
        with suppress(Poison):
            event = decode(answers_event, delivery)
            if PART not in delivery.message.headers:
                await self._report(event.note, ProgressState.FAILED, reason)

    async def _set_apart(self, event: NoteAnswered, rejected: dict[str, str]) -> None:
        """Each refused answer becomes a message of its own: it is refused once more there, and
        so becomes a dead letter that can be replayed when the cause is cured."""
        parts = [
            event.model_copy(update={"answers": (answer,)})
            for answer in event.answers
            if answer.question in rejected
        ]
        messages = [
            Message(event.note.patient_id, part.model_dump_json().encode(), {PART: "refused"})
            for part in parts
        ]
        await asyncio.to_thread(self._bus.publish, Topic.ANSWERS, messages)

    async def _report(self, note: NoteRef, state: ProgressState, reason: str | None) -> None:
        progress = NoteProgress(note=note, state=state, reason=reason)
        message = Message(note.patient_id, progress.model_dump_json().encode())
        await asyncio.to_thread(self._bus.publish, Topic.PROGRESS, [message])


async def repeat(work: Callable[[], Awaitable[None]], seconds: float, stop: asyncio.Event) -> None:
    """Every `seconds`, and less often while it fails; once more at the end."""
    pause = seconds
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
        last = stop.is_set()
        try:
            await work()
            pause = seconds
        except Exception as error:
            pause = min(2 * pause, LONGEST_PAUSE)
            log.warning("sweep failed", task=work.__qualname__, reason=describe(error))
        if last:
            return
