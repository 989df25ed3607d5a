"""A hospital whose FHIR server is real: the one that CHARTSIFT_TEST_FHIR_URL names, else the
embedded one in this process. Every test has its own patient and study, so that a server that is
used again disturbs nothing."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine

from services.writeback.corrections import Corrections
from services.writeback.patients import Patients
from services.writeback.screening import ScreeningLists
from services.writeback.tables import TABLES
from services.writeback.worker import Answers
from shared.bus import Bus, Delivery, Message, open_bus
from shared.criteria.catalog import StudyCatalog
from shared.criteria.study import Study
from shared.database import create_tables, open_engine
from shared.events import (
    DateSource,
    NoteAnswered,
    NoteProgress,
    NoteRef,
    NoteRetracted,
    Topic,
    progress_event,
)
from shared.fhir import ids
from shared.fhir.client import FhirClient, Resource
from shared.settings import Settings
from shared.students.interface import Answer, Standing, Verdict

AS_OF = date(2026, 10, 31)
STUDENT = "encoder-test"


class Line(httpx.AsyncBaseTransport):
    """The network between writeback and the FHIR server: counts requests, and can be cut.

    cut: no request arrives any more. deaf_to: a method whose answer is lost once (the server has
    done it, the client never hears of it). refuses: a type of resource that the server does not
    take."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.cut = False
        self.deaf_to: str | None = None
        self.before_post: Any = None
        self.refuses: str | None = None
        self.requests: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("cut", request=request)
        if request.method == "POST" and self.before_post:
            act, self.before_post = self.before_post, None
            await act()
        self.requests.append(f"{request.method} {request.url.path}")
        response = await self.inner.handle_async_request(self._spoiled(request))
        if request.method == self.deaf_to:
            await response.aread()
            self.deaf_to = None
            raise httpx.ReadError("lost", request=request)
        return response

    def _spoiled(self, request: httpx.Request) -> httpx.Request:
        """The same, with what is to be refused made invalid."""
        if self.refuses is None or request.method != "POST":
            return request
        bundle = json.loads(request.content)
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == self.refuses:
                entry["resource"]["status"] = "no such status"
        headers = {k: v for k, v in request.headers.items() if k.lower() != "content-length"}
        return httpx.Request("POST", request.url, headers=headers, json=bundle)


def a_study(id: str) -> Study:
    return Study.model_validate(
        {
            "id": id,
            "title": "Atrial fibrillation",
            "questions": [
                {"id": "af", "type": "boolean", "text": "Atrial fibrillation?"},
                {"id": "bleed", "type": "boolean", "text": "Serious bleeding?"},
                {
                    "id": "platelets",
                    "type": "numeric",
                    "unit": "10*3/uL",
                    "text": "Platelet count?",
                    "codes": [{"system": "http://loinc.org", "code": "777-3"}],
                },
            ],
            "criteria": [
                {"id": "af", "kind": "inclusion", "when": "af"},
                {"id": "bleed", "kind": "exclusion", "when": "bleed"},
                {"id": "platelets", "kind": "exclusion", "when": "platelets < 100 10*3/uL"},
            ],
        }
    )


@dataclass
class Site:
    """What a test acts on. fhir: of the test itself; line: between writeback and the server."""

    engine: Engine
    bus: Bus
    fhir: FhirClient
    line: Line
    catalog: StudyCatalog
    study: Study
    patient: str
    _writeback: FhirClient
    documents: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Writeback as after a new start of its process: only tables and bus are left."""
        self.patients = Patients(self.engine, self._writeback, self.catalog, lambda: AS_OF)
        self.answers = Answers(self.bus, self.patients)
        self.corrections = Corrections(self.engine, self._writeback, self.patients)
        self.lists = ScreeningLists(self.engine, self._writeback)

    async def document(self, name: str = "note", patient: str | None = None) -> NoteRef:
        """A note on the FHIR server, as its first version."""
        resource = await self.fhir.put(
            {
                "resourceType": "DocumentReference",
                "id": self.documents.setdefault(name, str(uuid4())),
                "status": "current",
                "subject": {"reference": f"Patient/{patient or self.patient}"},
                "content": [{"attachment": {"contentType": "text/plain", "data": "aGVsbG8="}}],
            }
        )
        return NoteRef(
            document_id=resource["id"],
            patient_id=patient or self.patient,
            sequence=1,
            version_id=resource["meta"]["versionId"],
            note_hash="0" * 64,
        )

    async def another_patient(self) -> str:
        return await put_patient(self.fhir)

    def event(self, note: NoteRef, *answers: Answer, **changes: Any) -> NoteAnswered:
        given: dict[str, Any] = {
            "note": note,
            "note_date": datetime(2026, 10, 1, 8, tzinfo=UTC),
            "note_date_source": DateSource.DATE,
            "student": STUDENT,
            "answers": answers,
        }
        return NoteAnswered(**(given | changes))

    def key(self, question: str) -> str:
        return f"{self.study.id}/{question}"

    def yes(self, question: str, **changes: Any) -> Answer:
        return self._answer(question, Verdict.YES, **changes)

    def no(self, question: str) -> Answer:
        return self._answer(question, Verdict.NO)

    def na(self, question: str) -> Answer:
        return Answer(question=self.key(question), verdict=Verdict.NA, confidence=0.9)

    def number(self, question: str, value: float, unit: str = "10*3/uL") -> Answer:
        return self._answer(question, Verdict.NUMBER, number=value, unit=unit)

    def _answer(self, question: str, verdict: Verdict, **changes: Any) -> Answer:
        given: dict[str, Any] = {
            "question": self.key(question),
            "verdict": verdict,
            "standing": Standing.ANSWERED,
            "quote": "as the note says",
            "offset": 3,
            "length": 16,
            "confidence": 0.95,
        }
        return Answer(**(given | changes))

    async def handle(self, event: NoteAnswered | NoteRetracted, **headers: str) -> None:
        """As the worker's loop hands it over."""
        message = Message(event.note.patient_id, event.model_dump_json().encode(), headers)
        await self.answers.handle(Delivery(Topic.ANSWERS, message, "1", 1))

    async def observation(self, question: str, note: NoteRef) -> Resource:
        id = ids.observation_id(self.key(question), note.document_id)
        return await self.fhir.read("Observation", id)

    async def subject(self, patient: str | None = None) -> Resource:
        id = ids.research_subject_id(self.study.id, patient or self.patient)
        return await self.fhir.read("ResearchSubject", id)

    async def summary(self) -> Resource:
        return await self.fhir.read("Observation", ids.summary_id(self.study.id, self.patient))

    async def screening_list(self) -> Resource:
        return await self.fhir.read("List", ids.screening_list_id(self.study.id))

    async def versions(self, *notes: NoteRef) -> dict[str, str]:
        """versionId of everything that is written of the patient and its notes."""
        found = {}
        for kind in ("Observation", "ResearchSubject"):
            name = "individual" if kind == "ResearchSubject" else "subject"
            reference = f"Patient/{self.patient}"
            async for resource in self.fhir.search(kind, {name: reference}, fresh=True):
                found[f"{kind}/{resource['id']}"] = resource["meta"]["versionId"]
        return found

    def progress(self) -> list[NoteProgress]:
        """What was reported, each once."""
        with self.bus.consumer(Topic.PROGRESS, "test") as consumer:
            deliveries = consumer.poll(100, 0.2)
            consumer.commit(deliveries)
        return [progress_event.validate_json(one.message.value) for one in deliveries]


async def put_patient(fhir: FhirClient) -> str:
    patient = str(uuid4())
    await fhir.put({"resourceType": "Patient", "id": patient, "gender": "female"})
    return patient


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    study = a_study(f"test-{uuid4().hex[:12]}")
    bus = open_bus(f"sqlite:///{tmp_path / 'bus.db'}")
    engine = open_engine(f"sqlite:///{tmp_path / 'writeback.db'}")
    create_tables(engine, TABLES)
    trials = httpx.AsyncClient(
        transport=httpx.MockTransport(
            lambda _: httpx.Response(200, json=[study.model_dump(mode="json")])
        )
    )
    async with (
        fhir_server(tmp_path) as (url, server),
        FhirClient(url, transport=server) as fhir,
        FhirClient(url, transport=(line := Line(server))) as writeback,
        StudyCatalog("http://trials", client=trials) as catalog,
    ):
        await fhir.put(
            {
                "resourceType": "ResearchStudy",
                "id": ids.research_study_id(study.id),
                "status": "active",
            }
        )
        yield Site(
            engine=engine,
            bus=bus,
            fhir=fhir,
            line=line,
            catalog=catalog,
            study=study,
            patient=await put_patient(fhir),
            _writeback=writeback,
        )
    bus.close()
    engine.dispose()


@asynccontextmanager
async def fhir_server(folder: Path) -> AsyncIterator[tuple[str, httpx.AsyncBaseTransport]]:
    if url := os.environ.get("CHARTSIFT_TEST_FHIR_URL"):
        yield url, httpx.AsyncHTTPTransport()
        return
    from services.fhir.app import create_app

    app = create_app(Settings(data_dir=folder, fhir_url="http://fhir/fhir"))
    async with app.router.lifespan_context(app):
        yield "http://fhir/fhir", httpx.ASGITransport(app=app)
