"""Writeback's work on one patient at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from weakref import WeakValueDictionary

from sqlalchemy import Engine
from sqlmodel import select

from services.writeback.occasion import (
    Answered,
    Corrected,
    Occasion,
    Retracted,
    answers_of,
    observation_reference,
)
from services.writeback.settlement import Settlement
from services.writeback.tables import DueRow, NoteRow, NoteState, ResourceRow
from shared.criteria.catalog import StudyCatalog
from shared.database import session
from shared.eligibility import PatientFacts
from shared.events import NoteAnswered, NoteRef, NoteRetracted
from shared.fhir.client import FhirClient, FhirNotFound, Resource
from shared.fhir.mapping_eligibility import patient_facts
from shared.fhir.mapping_provenance import device

FACTS_LIFETIME = 60.0  # seconds for which a Patient is not read again
FACTS_KEPT = 10_000


class Refused(Exception):
    """The FHIR server does not take the eligibility, or that something is withdrawn."""


class Patients:
    """Used from one event loop. today: the date that look-back windows and ages count from."""

    def __init__(
        self,
        engine: Engine,
        fhir: FhirClient,
        catalog: StudyCatalog,
        today: Callable[[], date],
    ) -> None:
        self._engine = engine
        self._fhir = fhir
        self._catalog = catalog
        self._today = today
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._facts: dict[str, tuple[float, PatientFacts]] = {}
        self._devices: set[str] = set()

    async def answered(self, event: NoteAnswered) -> dict[str, str]:
        """Returns what the FHIR server does not take: question key -> reason."""
        async with self.alone(event.note.patient_id):
            if self._stale(event.note, NoteState.ANSWERED):
                return {}
            questions = {question.key: question for question in await self._catalog.questions()}
            restored = await self._to_restore(event.note.document_id)
            document = event.note.document_id
            names = {
                observation_reference(answer.question, document): answer.question
                for answer in event.answers
            }
            return await self._settle(Answered(event, questions, restored), names)

    async def retracted(self, event: NoteRetracted) -> None:
        async with self.alone(event.note.patient_id):
            if not self._stale(event.note, NoteState.RETRACTED):
                await self._settle(Retracted(event))

    async def corrected(self, due: DueRow) -> None:
        """Eligibility after a person's correction that has been recorded."""
        async with self.alone(due.patient_id):
            await self._settle(Corrected(due.patient_id, due.source))
            with session(self._engine) as opened:
                row = opened.get(DueRow, due.patient_id)
                if row is not None and row.source == due.source:
                    opened.delete(row)

    def due(self) -> Sequence[DueRow]:
        with session(self._engine, read_only=True) as opened:
            return opened.exec(select(DueRow)).all()

    def alone(self, patient_id: str) -> asyncio.Lock:
        """Held while anything of the patient is written."""
        lock = self._locks.get(patient_id)
        if lock is None:
            lock = self._locks[patient_id] = asyncio.Lock()
        return lock

    def _stale(self, note: NoteRef, kind: NoteState) -> bool:
        """Older than what was seen, or an answer to a version that was retracted since."""
        with session(self._engine, read_only=True) as opened:
            row = opened.get(NoteRow, note.document_id)
        if row is None:
            return False
        overtaken = kind is NoteState.ANSWERED and row.state is NoteState.RETRACTED
        return note.sequence < row.sequence or (overtaken and note.sequence == row.sequence)

    async def _settle(
        self, occasion: Occasion, answers: Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, str]:
        """answers: reference -> question key of what may be refused without stopping the rest.
        Raises Refused for anything else."""
        await self._ensure_device(occasion.student)
        rejected = await Settlement(
            self._engine,
            self._fhir,
            studies=await self._catalog.studies(),
            facts=await self._facts_of(occasion.patient_id),
            as_of=self._today(),
            occasion=occasion,
        ).settle()
        if others := {why for name, why in rejected.items() if name not in answers}:
            raise Refused("; ".join(sorted(others)))
        return {answers[name]: why for name, why in rejected.items()}

    async def _to_restore(self, document_id: str) -> list[Resource]:
        """Persons' Observations that a retraction of the note took along, as they were."""
        with session(self._engine, read_only=True) as opened:
            names = [row.observation for row in answers_of(opened, document_id)]
            rows = [opened.get(ResourceRow, name) for name in names]
        restored = []
        for row in rows:
            if row and row.person_version and row.person_version != row.version:
                past = f"{row.reference}/_history/{row.person_version}"
                resource = await self._fhir.read_reference(past)
                meta = {
                    key: value
                    for key, value in resource.get("meta", {}).items()
                    if key not in {"versionId", "lastUpdated"}
                }
                restored.append({**resource, "meta": meta})
        return restored

    async def _facts_of(self, patient_id: str) -> PatientFacts:
        now = time.monotonic()
        read_at, facts = self._facts.get(patient_id, (-FACTS_LIFETIME, PatientFacts()))
        if now - read_at < FACTS_LIFETIME:
            return facts
        try:
            facts = patient_facts(await self._fhir.read("Patient", patient_id))
        except FhirNotFound:
            facts = PatientFacts()
        if len(self._facts) >= FACTS_KEPT:
            self._facts.pop(next(iter(self._facts)))
        self._facts[patient_id] = (now, facts)
        return facts

    async def _ensure_device(self, student: str) -> None:
        """Once for each student; a Device that is there is never written again."""
        if student in self._devices:
            return
        resource = device(student)
        try:
            await self._fhir.read("Device", resource["id"])
        except FhirNotFound:
            await self._fhir.put(resource)
        self._devices.add(student)
