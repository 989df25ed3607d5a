"""Extract as it runs, on a real bus and database, with a small student and a trials service
that tells the studies of the test."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from pydantic import TypeAdapter

from services.extract import engines, worker
from shared.bus import Bus, Message, open_bus
from shared.criteria.question import Question
from shared.criteria.study import Study
from shared.events import NotesEvent
from shared.settings import Settings
from shared.students.interface import Answer, Verdict


@dataclass
class LiteralStudent:
    """Answers Yes where the note has a line `<question text>: Yes`, else NA. asked: what it was
    asked, in order. Waits in `gate` on notes that say "slow"."""

    version: str = "literal-1"
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    fault: Exception | None = None

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        self.asked.append((text, tuple(question.text for question in questions)))
        if "slow" in text:
            assert self.gate.wait(20)
        if "fault" in text and self.fault:
            raise self.fault
        return [self._answer(text, question) for question in questions]

    def _answer(self, text: str, question: Question) -> Answer:
        found = re.search(rf"{re.escape(question.text)}: Yes", text)
        if found is None:
            return Answer(question=question.key, verdict=Verdict.NA, confidence=1)
        return Answer(
            question=question.key,
            verdict=Verdict.YES,
            quote=found[0],
            offset=found.start(),
            length=len(found[0]),
            confidence=0.9,
        )


@dataclass
class Trials:
    """The trials service. away: it does not answer."""

    studies: list[Study] = field(default_factory=list)
    away: bool = False

    def add(self, id: str, questions: dict[str, str]) -> None:
        """questions: text by id, all yes/no."""
        raw = {
            "id": id,
            "title": id,
            "questions": [{"id": q, "type": "boolean", "text": questions[q]} for q in questions],
            "criteria": [{"id": q, "kind": "inclusion", "when": q} for q in questions],
        }
        self.studies.append(Study.model_validate(raw))

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("away")
        return httpx.Response(200, content=TypeAdapter(list[Study]).dump_json(self.studies))


class Pipeline:
    """The topics on both sides of extract."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.published: dict[str, list[dict[str, Any]]] = {"answers": [], "progress": []}
        self._consumers = {topic: bus.consumer(topic, "test") for topic in self.published}

    def publish(self, *events: NotesEvent) -> None:
        self.bus.publish(
            "notes",
            [Message(e.note.patient_id, e.model_dump_json().encode()) for e in events],
        )

    async def receive(self, topic: str, count: int) -> list[dict[str, Any]]:
        """The first `count` events on a topic, as soon as they are there."""
        adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
        consumer, published = self._consumers[topic], self.published[topic]
        async with asyncio.timeout(20):
            while len(published) < count:
                deliveries = await asyncio.to_thread(consumer.poll, 100, 0.1)
                consumer.commit(deliveries)
                published += [adapter.validate_json(d.message.value) for d in deliveries]
        return published

    async def finished(self) -> None:
        """Extract has nothing left to do."""
        with self.bus.consumer("notes", worker.GROUP) as consumer:
            async with asyncio.timeout(20):
                while consumer.lag():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)


@pytest.fixture
def student(monkeypatch: pytest.MonkeyPatch) -> LiteralStudent:
    literal = LiteralStudent()
    monkeypatch.setitem(engines._ENGINES, "literal", lambda _settings: literal)
    return literal


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, student="literal", trials_url="http://trials.example.org")


@pytest.fixture
def trials(settings: Settings) -> Iterator[Trials]:
    service = Trials()
    service.add("af", {"mi": "Heart attack?", "stroke": "Stroke?"})
    with respx.mock:
        respx.get(f"{settings.trials_url}/studies", params={"status": "active"}).mock(
            side_effect=service.answer
        )
        yield service


@pytest.fixture
def pipeline(settings: Settings) -> Iterator[Pipeline]:
    bus = open_bus(settings.bus())
    yield Pipeline(bus)
    bus.close()


Running = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
def running(settings: Settings, student: LiteralStudent, trials: Trials) -> Running:
    """`async with running():` extract runs for the length of the block."""

    @asynccontextmanager
    async def extract() -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(settings, stop))
        try:
            yield
        finally:
            student.gate.set()
            stop.set()
            await asyncio.wait_for(task, 30)

    return extract
