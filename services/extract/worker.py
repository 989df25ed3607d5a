"""Asks the student every question of the active studies on every note.

    notes: NoteQueued    -> answers: NoteAnswered, progress: answered
    notes: NoteRetracted -> answers: NoteRetracted

What is published twice after a crash does no harm: writeback writes under deterministic ids.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import Engine

from services.extract import cache
from services.extract.asking import Asking
from services.extract.checking import checked
from services.extract.following import student_in_service
from services.extract.in_service import InService
from services.extract.order import is_late, remember
from services.extract.tables import TABLES
from shared.bus import Bus, Delivery, Message, open_bus
from shared.criteria.catalog import StudyCatalog
from shared.criteria.question import Question
from shared.database import create_tables, open_engine
from shared.events import (
    Event,
    NoteAnswered,
    NoteProgress,
    NoteQueued,
    NoteRef,
    NoteRetracted,
    ProgressState,
    Topic,
    notes_event,
)
from shared.settings import Settings
from shared.students.interface import Answer
from shared.telemetry import get_logger
from shared.worker import consume, decode

GROUP = "extract"
NOTES_SIDE_BY_SIDE = 4
"""One is with the student while others are read from and published to the bus."""

log = get_logger()


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Until `stop` is set. Raises ValueError where the settings name no student, bus or
    database, RegistryError where they name a registry that cannot be one."""
    database = open_engine(settings.database("extract"))
    create_tables(database, TABLES)
    bus = open_bus(settings.bus())
    try:
        async with (
            student_in_service(settings, stop) as student,
            StudyCatalog(settings.trials_url) as catalog,
        ):
            if student is None:
                return
            log.info("extract ready", student=student.version)
            extract = Extract(bus, database, catalog, student)
            await consume(
                bus,
                Topic.NOTES,
                GROUP,
                extract.handle,
                stop=stop,
                concurrency=NOTES_SIDE_BY_SIDE,
                on_dead_letter=extract.report_failure,
            )
    finally:
        bus.close()
        database.dispose()


@dataclass(frozen=True)
class Extract:
    bus: Bus
    database: Engine
    catalog: StudyCatalog
    student: InService

    async def handle(self, delivery: Delivery) -> None:
        event = decode(notes_event, delivery)
        if await asyncio.to_thread(is_late, self.database, event):
            log.info("late event dropped", document_id=event.note.document_id)
            return
        if isinstance(event, NoteRetracted):
            await self._publish(Topic.ANSWERS, event, event.note)
        else:
            with self.student.held() as student:
                await self._answer(event, student)
        await asyncio.to_thread(remember, self.database, event)

    async def report_failure(self, delivery: Delivery, reason: str) -> None:
        note = note_in(delivery.message.value)
        if note is not None:
            failed = NoteProgress(note=note, state=ProgressState.FAILED, reason=reason)
            await self._publish(Topic.PROGRESS, failed, note)

    async def _answer(self, event: NoteQueued, student: Asking) -> None:
        questions = await self.catalog.questions()
        answered = NoteAnswered(
            note=event.note,
            encounter_id=event.encounter_id,
            note_date=event.note_date,
            note_date_source=event.note_date_source,
            student=student.version,
            answers=tuple(await self._answers(event, questions, student)),
        )
        await self._publish(Topic.ANSWERS, answered, event.note)
        progress = NoteProgress(note=event.note, state=ProgressState.ANSWERED)
        await self._publish(Topic.PROGRESS, progress, event.note)

    async def _answers(
        self, event: NoteQueued, questions: Sequence[Question], student: Asking
    ) -> list[Answer]:
        """One for each question. Questions of the same wording are asked once, and only those
        that this student has not yet answered on this text."""
        version, note = student.version, event.note
        different = list({cache.wording(question): question for question in questions}.values())
        known = await asyncio.to_thread(
            cache.recall, self.database, version, note.note_hash, different
        )
        new = [question for question in different if cache.wording(question) not in known]
        began = time.perf_counter()
        if new:
            given = await student.answer(event.text, new)
            fresh = checked(event.text, new, given)
            learned = {cache.wording(q): answer for q, answer in zip(new, fresh, strict=True)}
            await asyncio.to_thread(cache.keep, self.database, version, note, learned)
            known |= learned
        log.info(
            "note answered",
            document_id=note.document_id,
            questions=len(questions),
            asked=len(new),
            seconds=round(time.perf_counter() - began, 3),
        )
        return [
            known[cache.wording(question)].model_copy(update={"question": question.key})
            for question in questions
        ]

    async def _publish(self, topic: Topic, event: Event, note: NoteRef) -> None:
        message = Message(note.patient_id, event.model_dump_json().encode())
        await asyncio.to_thread(self.bus.publish, topic, [message])


def note_in(value: bytes) -> NoteRef | None:
    """The note that an event is about, also where the event is otherwise not understood."""
    try:
        return NoteRef.model_validate(json.loads(value)["note"])
    except (ValueError, KeyError, TypeError, ValidationError):
        return None
