"""The worker as it runs: real bus, real HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from services.fhir.app import create_app
from services.writeback.worker import run
from shared.bus import Bus, Message, open_bus
from shared.criteria.study import Study
from shared.events import DateSource, NoteAnswered, NoteProgress, NoteRef, Topic, progress_event
from shared.fhir import ids
from shared.fhir.client import FhirClient, FhirNotFound, Resource
from shared.settings import Settings
from shared.students.interface import Answer, Verdict

STUDY = Study.model_validate(
    {
        "id": "af-study",
        "title": "Atrial fibrillation",
        "questions": [
            {"id": "af", "type": "boolean", "text": "Atrial fibrillation?"},
            {"id": "weight", "type": "numeric", "unit": "kg", "text": "Weight?"},
        ],
        "criteria": [{"id": "af", "kind": "inclusion", "when": "af"}],
    }
)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A FHIR server, and beside it what trials would say."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    chosen = Settings(
        data_dir=tmp_path,
        fhir_url=f"{base}/fhir",
        trials_url=base,
        as_of=date(2026, 10, 31),
        review_sweep=0.2,
        screening_list_delay=0.2,
    )
    app = create_app(chosen)
    app.get("/studies")(lambda: [STUDY.model_dump(mode="json")])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield chosen
    server.should_exit = True
    thread.join()


@pytest.fixture
async def fhir(settings: Settings) -> AsyncIterator[FhirClient]:
    async with FhirClient(settings.fhir_url) as client:
        await client.put({"resourceType": "Patient", "id": "p1"})
        study = ids.research_study_id(STUDY.id)
        await client.put({"resourceType": "ResearchStudy", "id": study, "status": "active"})
        for note in ("n1", "n2"):
            await client.put(
                {
                    "resourceType": "DocumentReference",
                    "id": note,
                    "status": "current",
                    "content": [{"attachment": {"contentType": "text/plain"}}],
                }
            )
        yield client


@pytest.fixture
def bus(settings: Settings) -> Iterator[Bus]:
    opened = open_bus(settings.bus())
    yield opened
    opened.close()


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.create_task(run(settings, stop))
    yield task
    stop.set()
    with suppress(asyncio.CancelledError):
        await task


def publish(bus: Bus, document: str, *answers: Answer) -> None:
    event = NoteAnswered(
        note=NoteRef(document_id=document, patient_id="p1", sequence=1, note_hash="0" * 64),
        note_date=datetime(2026, 10, 1, tzinfo=UTC),
        note_date_source=DateSource.DATE,
        student="encoder-test",
        answers=answers,
    )
    bus.publish(Topic.ANSWERS, [Message("p1", event.model_dump_json().encode())])


def af(verdict: Verdict = Verdict.YES) -> Answer:
    return Answer(question="af-study/af", verdict=verdict, confidence=0.9)


async def eventually(ask: Callable[[], Awaitable[Any]]) -> Any:
    for _ in range(300):
        with suppress(FhirNotFound):
            if found := await ask():
                return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come about within 30 s")


async def reports(bus: Bus, count: int) -> list[NoteProgress]:
    found: list[NoteProgress] = []

    async def ask() -> bool:
        with bus.consumer(Topic.PROGRESS, "test") as consumer:
            deliveries = consumer.poll(10, 0.1)
            consumer.commit(deliveries)
        found.extend(progress_event.validate_json(one.message.value) for one in deliveries)
        return len(found) >= count

    await eventually(ask)
    return found


async def test_answers_become_observations_eligibility_and_a_screening_list(
    settings: Settings, bus: Bus, fhir: FhirClient
) -> None:
    publish(bus, "n1", af())
    async with working(settings):
        (report,) = await reports(bus, 1)
        listed = await eventually(lambda: fhir.read("List", ids.screening_list_id(STUDY.id)))
    subject = await fhir.read("ResearchSubject", ids.research_subject_id(STUDY.id, "p1"))
    assert report.state == "written"
    assert subject["status"] == "eligible"
    assert listed["entry"][0]["item"]["reference"] == f"ResearchSubject/{subject['id']}"


async def test_a_correction_is_found_without_any_note(
    settings: Settings, bus: Bus, fhir: FhirClient
) -> None:
    publish(bus, "n1", af())

    async def ineligible() -> bool:
        id = ids.research_subject_id(STUDY.id, "p1")
        return (await fhir.read("ResearchSubject", id))["status"] == "ineligible"

    async with working(settings):
        await reports(bus, 1)
        observation = await fhir.read("Observation", ids.observation_id("af-study/af", "n1"))
        await fhir.put({**observation, "status": "final", "valueBoolean": False})
        await eventually(ineligible)


async def test_a_worker_that_is_killed_in_the_middle_writes_nothing_twice(
    settings: Settings, bus: Bus, fhir: FhirClient
) -> None:
    publish(bus, "n1", af())
    publish(bus, "n2", af())

    async def first() -> Resource:
        return await fhir.read("Observation", ids.observation_id("af-study/af", "n1"))

    async with working(settings) as task:
        await eventually(first)
        task.cancel()  # nothing is finished, nothing is reported any more
    async with working(settings):
        await reports(bus, 2)
    for note in ("n1", "n2"):
        observation = await fhir.read("Observation", ids.observation_id("af-study/af", note))
        assert observation["meta"]["versionId"] == "1"


async def test_a_refused_answer_ends_as_a_dead_letter_and_the_note_as_written(
    settings: Settings, bus: Bus, fhir: FhirClient
) -> None:
    bad = Answer(
        question="af-study/weight", verdict=Verdict.NUMBER, number=70, unit=" ", confidence=0.9
    )
    publish(bus, "n1", af(), bad)

    async def dead() -> list[Any]:
        return bus.dead_letters(Topic.ANSWERS)

    async with working(settings):
        (report,) = await reports(bus, 1)
        (letter,) = await eventually(dead)
    assert report.state == "written"
    assert report.reason is not None and "af-study/weight" in report.reason
    assert "af-study/weight" in letter.reason


async def test_what_is_no_event_is_a_dead_letter(
    settings: Settings, bus: Bus, fhir: FhirClient
) -> None:
    bus.publish(Topic.ANSWERS, [Message("p1", b"{}")])

    async def dead() -> list[Any]:
        return bus.dead_letters(Topic.ANSWERS)

    async with working(settings):
        assert await eventually(dead)
