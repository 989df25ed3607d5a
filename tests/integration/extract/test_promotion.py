"""Students are promoted and rolled back in a real registry while extract runs on a real bus."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog

from services.extract import engines, worker
from shared.criteria.question import Question
from shared.events import DateSource, NoteAnswered, NoteQueued, NoteRef, answers_event
from shared.settings import Settings
from shared.students.interface import Answer, Verdict
from shared.students.version import student_version
from training.registry import Registry, StudentDescription, write_description

Running = Callable[[], AbstractAsyncContextManager[None]]
Fixture = Any  # classes of conftest.py


@dataclass
class FolderStudent:
    """Answers every question with the verdict in its folder, slowly enough for others to wait."""

    folder: Path
    version: str
    verdict: Verdict
    asked: list[str] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        assert not self.closed.is_set()
        self.asked.append(text)
        if "slow" in text:
            assert self.gate.wait(20)
        return [
            Answer(question=question.key, verdict=self.verdict, quote=text, confidence=0.9)
            for question in questions
        ]

    def close(self) -> None:
        self.closed.set()


@dataclass
class Opened:
    """The engine `folder`: opens students as their folders say, and knows which it opened."""

    students: list[FolderStudent] = field(default_factory=list)
    attempts: int = 0

    def __call__(self, settings: Settings) -> FolderStudent:
        self.attempts += 1
        folder = settings.student_dir
        if folder is None:
            student = FolderStudent(Path(), "settings-1", Verdict.NA)
        else:
            said = json.loads((folder / "student.json").read_text())
            if said["name"] == "broken":
                raise RuntimeError("weights of another network")
            version = "misnamed-1" if said["name"] == "misnamed" else student_version(folder)
            student = FolderStudent(folder, version, Verdict(said["verdict"]))
        self.students.append(student)
        return student

    def of(self, version: str) -> FolderStudent:
        return next(one for one in reversed(self.students) if one.version == version)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    one = Opened()
    monkeypatch.setitem(engines._ENGINES, "folder", one)
    yield one
    for student in one.students:
        student.gate.set()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        student="folder",
        trials_url="http://trials.example.org",
        registry_url=str(tmp_path / "registry"),
        registry_poll_seconds=0.02,
    )


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return Registry(settings.registry_url)


@pytest.fixture
def new_student(registry: Registry, tmp_path: Path) -> Callable[..., str]:
    """Adds a student to the registry; its version."""

    def add(name: str, verdict: Verdict = Verdict.YES, engine: str = "folder") -> str:
        folder = tmp_path / "made" / name
        folder.mkdir(parents=True)
        (folder / "adapter_config.json").write_text("{}")
        write_description(
            folder,
            StudentDescription.model_validate(
                {
                    "engine": engine,
                    "name": name,
                    "created": datetime(2026, 1, 1, tzinfo=UTC),
                    "dataset": {},
                    "thresholds": {},
                    "metrics": {},
                    "verdict": verdict,
                }
            ),
        )
        return registry.add(folder)

    return add


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def running(settings: Settings, opened: Opened, trials: Fixture) -> Running:
    @asynccontextmanager
    async def extract() -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(settings, stop))
        try:
            yield
        finally:
            for student in opened.students:
                student.gate.set()
            stop.set()
            async with asyncio.timeout(30):
                await task

    return extract


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def queued(text: str, number: int = 1) -> NoteQueued:
    ref = NoteRef(
        document_id=f"d-{number}",
        patient_id=f"p-{number}",
        sequence=1,
        generation=1,
        note_hash=hashlib.sha256(text.encode()).hexdigest(),
    )
    return NoteQueued(
        note=ref,
        encounter_id="e-1",
        note_date=datetime(2026, 3, 1, tzinfo=UTC),
        note_date_source=DateSource.DATE,
        text=text,
    )


async def answered(pipeline: Fixture, count: int) -> list[NoteAnswered]:
    events = await pipeline.receive("answers", count)
    read = [answers_event.validate_python(event) for event in events]
    assert all(isinstance(event, NoteAnswered) for event in read)
    return read  # type: ignore[return-value]


def told(logs: list[Any], event: str, **fields: str) -> Callable[[], bool]:
    """Whether the log has a line with this event and these fields."""
    wanted = {"event": event, **fields}.items()
    return lambda: any(wanted <= line.items() for line in list(logs))


async def test_the_student_in_service_answers_and_is_named(
    running: Running, pipeline: Fixture, registry: Registry, new_student: Callable[..., str]
) -> None:
    version = new_student("a")
    registry.promote(version, None)
    pipeline.publish(queued("note"))
    async with running():
        (event,) = await answered(pipeline, 1)
    assert event.student == version
    assert {answer.verdict for answer in event.answers} == {Verdict.YES}


async def test_until_a_student_is_promoted_the_settings_name_it(
    running: Running,
    pipeline: Fixture,
    registry: Registry,
    new_student: Callable[..., str],
    opened: Opened,
) -> None:
    version = new_student("a")
    pipeline.publish(queued("first"))
    async with running():
        await answered(pipeline, 1)
        registry.promote(version, None)
        await until(opened.of("settings-1").closed.is_set)
        pipeline.publish(queued("second", 2))
        events = await answered(pipeline, 2)
    assert [event.student for event in events] == ["settings-1", version]


async def test_notes_flow_through_promotions_and_a_roll_back_and_none_is_lost(
    running: Running,
    pipeline: Fixture,
    registry: Registry,
    new_student: Callable[..., str],
    opened: Opened,
    logs: list[Any],
) -> None:
    said = {
        new_student("a", Verdict.YES): Verdict.YES,
        new_student("b", Verdict.NO): Verdict.NO,
    }
    first, second = said
    registry.promote(first, None)
    count, published = 0, asyncio.Event()

    async def flow() -> None:
        nonlocal count
        while not published.is_set():
            count += 1
            pipeline.publish(queued(f"note {count}", count))
            await asyncio.sleep(0.005)

    async def has_answered(version: str, more_than: int = 0) -> None:
        student = opened.of(version)
        await until(lambda: sum("note" in text for text in student.asked) > more_than)

    async with running():
        await until(lambda: bool(opened.students))
        flowing = asyncio.create_task(flow())
        await has_answered(first)
        registry.promote(second, None)
        await until(told(logs, "student changed", student=second))
        await has_answered(second)
        registry.roll_back()
        await until(lambda: sum(one.version == first for one in opened.students) == 2)
        await has_answered(first)
        published.set()
        await flowing
        events = await answered(pipeline, count)
        await pipeline.finished()
    assert sorted(event.note.document_id for event in events) == sorted(
        f"d-{number}" for number in range(1, count + 1)
    )
    assert {event.student for event in events} == {first, second}
    for event in events:
        assert {answer.verdict for answer in event.answers} == {said[event.student]}
    assert pipeline.bus.dead_letters() == []


async def test_a_note_in_hand_is_finished_by_the_student_that_began_it(
    running: Running,
    pipeline: Fixture,
    registry: Registry,
    new_student: Callable[..., str],
    opened: Opened,
    logs: list[Any],
) -> None:
    first, second = new_student("a", Verdict.YES), new_student("b", Verdict.NO)
    registry.promote(first, None)
    async with running():
        pipeline.publish(queued("slow note"))
        await until(lambda: any("slow" in text for one in opened.students for text in one.asked))
        registry.promote(second, None)
        await until(told(logs, "student changed", student=second))
        pipeline.publish(queued("quick note", 2))
        (quick,) = await answered(pipeline, 1)
        assert (quick.note.document_id, quick.student) == ("d-2", second)
        assert not opened.of(first).closed.is_set()
        opened.of(first).gate.set()
        _, slow = await answered(pipeline, 2)
        await until(opened.of(first).closed.is_set)
    assert (slow.note.document_id, slow.student) == ("d-1", first)
    assert {answer.verdict for answer in slow.answers} == {Verdict.YES}


@pytest.mark.parametrize("fault", ["broken", "misnamed", "damaged"])
async def test_a_student_that_cannot_be_used_leaves_the_old_one_serving_until_another_comes(
    running: Running,
    pipeline: Fixture,
    registry: Registry,
    new_student: Callable[..., str],
    opened: Opened,
    settings: Settings,
    fault: str,
    logs: list[Any],
) -> None:
    first, bad, good = new_student("a"), new_student(fault), new_student("b", Verdict.NO)
    registry.promote(first, None)

    def complaints() -> list[str]:
        said = "new student not usable, the old one goes on"
        return [line["error"] for line in list(logs) if line["event"] == said]

    async with running():
        await until(told(logs, "extract ready", student=first))
        registry.promote(bad, None)
        if fault == "damaged":
            shutil.rmtree(Path(settings.registry_url) / "students" / bad)
        await until(lambda: len(complaints()) >= 2)
        pipeline.publish(queued("note"))
        (event,) = await answered(pipeline, 1)
        assert event.student == first
        registry.promote(good, None)
        await until(told(logs, "student changed", student=good))
        pipeline.publish(queued("next", 2))
        _, event = await answered(pipeline, 2)
        assert event.student == good
    expected = {
        "broken": "RuntimeError",
        "misnamed": f"StudentFault: {bad} was opened, but names itself misnamed-1",
        "damaged": f"DamagedStudent: {bad}: .complete is missing",
    }
    assert expected[fault] in complaints()[0]


async def test_a_registry_that_is_away_at_the_start_leaves_the_student_that_served_last(
    running: Running,
    pipeline: Fixture,
    registry: Registry,
    new_student: Callable[..., str],
    opened: Opened,
    settings: Settings,
    logs: list[Any],
) -> None:
    version = new_student("a")
    registry.promote(version, None)
    async with running():
        await until(told(logs, "extract ready", student=version))
    first_event = Path(settings.registry_url) / "log" / "00000001.json"
    content = first_event.read_bytes()
    first_event.unlink()
    pipeline.publish(queued("note"))
    async with running():
        (event,) = await answered(pipeline, 1)
        assert event.student == version
        first_event.write_bytes(content)


async def test_without_any_student_notes_wait_until_the_registry_is_back(
    running: Running,
    pipeline: Fixture,
    registry: Registry,
    new_student: Callable[..., str],
    opened: Opened,
    settings: Settings,
    logs: list[Any],
) -> None:
    version = new_student("a")
    registry.promote(version, None)
    away = Path(settings.registry_url).with_name("away")
    shutil.move(Path(settings.registry_url, "students"), away)
    pipeline.publish(queued("note"))
    async with running():
        await until(told(logs, "student in service not usable"))
        assert opened.attempts == 0
        shutil.move(away, Path(settings.registry_url, "students"))
        (event,) = await answered(pipeline, 1)
    assert event.student == version


async def test_waiting_for_a_student_ends_when_extract_is_stopped(
    running: Running,
    registry: Registry,
    new_student: Callable[..., str],
    settings: Settings,
    logs: list[Any],
) -> None:
    registry.promote(new_student("a"), None)
    shutil.rmtree(Path(settings.registry_url) / "students")
    async with running():
        await until(told(logs, "student in service not usable"))


async def test_notes_answered_before_a_promotion_are_not_asked_again(
    running: Running,
    pipeline: Fixture,
    registry: Registry,
    new_student: Callable[..., str],
    opened: Opened,
) -> None:
    first, second = new_student("a"), new_student("b")
    registry.promote(first, None)
    pipeline.publish(queued("note"))
    async with running():
        await answered(pipeline, 1)
        registry.promote(second, None)
        await until(opened.of(first).closed.is_set)
        await pipeline.finished()
    assert "note" not in opened.of(second).asked


async def test_an_adapter_is_loaded_into_the_model_server_and_again_after_it_lost_it(
    running: Running,
    pipeline: Fixture,
    registry: Registry,
    new_student: Callable[..., str],
    opened: Opened,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []
    server = ModuleType("server")
    server.load_adapter = lambda url, name, *rest: loaded.append(name)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shared.students.decoder.vllm", server)
    monkeypatch.setitem(engines._ENGINES, "vllm", opened)
    settings.student = "vllm"
    version = new_student("a", engine="decoder")
    registry.promote(version, None)
    pipeline.publish(queued("note"))
    async with running():
        (event,) = await answered(pipeline, 1)
        await until(lambda: len(loaded) >= 3)
    assert event.student == version
    assert set(loaded) == {version}
    assert len(opened.students) == 1
