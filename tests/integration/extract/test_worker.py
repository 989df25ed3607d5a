from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import pytest

from shared import worker as loop
from shared.bus import Message
from shared.events import (
    DateSource,
    NoteAnswered,
    NoteProgress,
    NoteQueued,
    NoteRef,
    NoteRetracted,
    answers_event,
    progress_event,
)
from shared.students.interface import Verdict

Running = Callable[[], AbstractAsyncContextManager[None]]
Fixture = Any  # classes of conftest.py


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the delays between attempts."""
    monkeypatch.setattr(loop, "_growing", lambda times: min(2.0**times, 480) / 100)


def ref(text: str, document: str, sequence: int, generation: int, patient: str) -> NoteRef:
    return NoteRef(
        document_id=document,
        patient_id=patient,
        sequence=sequence,
        generation=generation,
        note_hash=hashlib.sha256(text.encode()).hexdigest(),
    )


def queued(
    text: str,
    document: str = "d-1",
    sequence: int = 1,
    generation: int = 1,
    patient: str = "p-1",
) -> NoteQueued:
    return NoteQueued(
        note=ref(text, document, sequence, generation, patient),
        encounter_id="e-1",
        note_date=datetime(2026, 3, 1, tzinfo=UTC),
        note_date_source=DateSource.DATE,
        text=text,
    )


def retracted(document: str = "d-1", sequence: int = 1, generation: int = 1) -> NoteRetracted:
    return NoteRetracted(note=ref("", document, sequence, generation, "p-1"), reason="deleted")


def answered(event: dict[str, Any]) -> NoteAnswered:
    read = answers_event.validate_python(event)
    assert isinstance(read, NoteAnswered)
    return read


def progress(event: dict[str, Any]) -> NoteProgress:
    return progress_event.validate_python(event)


async def test_a_note_is_answered_with_every_active_question(
    running: Running, pipeline: Fixture, student: Fixture
) -> None:
    note = queued("2026-03-01\nHeart attack?: Yes")
    pipeline.publish(note)
    async with running():
        event = answered((await pipeline.receive("answers", 1))[0])
        (report,) = await pipeline.receive("progress", 1)
    assert (event.note, event.encounter_id, event.note_date) == (
        note.note,
        note.encounter_id,
        note.note_date,
    )
    assert event.student == "literal-1"
    mi, stroke = event.answers
    assert (mi.question, mi.verdict, mi.quote) == ("af/mi", Verdict.YES, "Heart attack?: Yes")
    assert (mi.offset, mi.length) == (11, 18)
    assert (stroke.question, stroke.verdict) == ("af/stroke", Verdict.NA)
    assert progress(report) == NoteProgress(note=note.note, state="answered")


async def test_the_same_wording_in_two_studies_is_asked_once_and_answers_both(
    running: Running, pipeline: Fixture, student: Fixture, trials: Fixture
) -> None:
    trials.add("other", {"infarction": "Heart attack?", "age": "Older than 55?"})
    pipeline.publish(queued("Heart attack?: Yes"))
    async with running():
        event = answered((await pipeline.receive("answers", 1))[0])
    verdicts = {answer.question: answer.verdict for answer in event.answers}
    assert verdicts == {
        "af/mi": Verdict.YES,
        "af/stroke": Verdict.NA,
        "other/infarction": Verdict.YES,
        "other/age": Verdict.NA,
    }
    assert sorted(student.asked[0][1]) == ["Heart attack?", "Older than 55?", "Stroke?"]


async def test_only_questions_that_are_new_for_this_text_go_to_the_student(
    running: Running, pipeline: Fixture, student: Fixture, trials: Fixture
) -> None:
    text = "Heart attack?: Yes"
    pipeline.publish(queued(text))
    async with running():
        await pipeline.receive("answers", 1)
    trials.add("other", {"age": "Older than 55?"})
    pipeline.publish(queued(text, generation=2))
    async with running():
        _, second = await pipeline.receive("answers", 2)
    assert [answer.verdict for answer in answered(second).answers] == ["Yes", "NA", "NA"]
    assert [questions for _, questions in student.asked] == [
        ("Heart attack?", "Stroke?"),
        ("Older than 55?",),
    ]


async def test_another_student_is_asked_anew(
    running: Running, pipeline: Fixture, student: Fixture
) -> None:
    pipeline.publish(queued("Heart attack?: Yes"))
    async with running():
        await pipeline.receive("answers", 1)
    student.version = "literal-2"
    pipeline.publish(queued("Heart attack?: Yes", generation=2))
    async with running():
        _, second = await pipeline.receive("answers", 2)
    assert answered(second).student == "literal-2"
    assert len(student.asked) == 2


async def test_a_retraction_is_passed_on(running: Running, pipeline: Fixture) -> None:
    pipeline.publish(queued("Heart attack?: Yes"), retracted(sequence=2))
    async with running():
        events = await pipeline.receive("answers", 2)
    assert answers_event.validate_python(events[1]) == retracted(sequence=2)


async def test_late_events_are_dropped_and_repeated_ones_handled_again(
    running: Running, pipeline: Fixture, student: Fixture
) -> None:
    new, old = queued("new text", sequence=2), queued("old text", sequence=1)
    pipeline.publish(new, old, new, retracted(sequence=2), new, retracted(sequence=2))
    async with running():
        await pipeline.finished()
        events = await pipeline.receive("answers", 4)
    kinds = [(event["kind"], event["note"]["sequence"]) for event in events]
    assert kinds == [("note-answered", 2)] * 2 + [("note-retracted", 2)] * 2
    assert [text for text, _ in student.asked] == ["new text"]


async def test_a_note_that_comes_back_after_its_retraction_is_answered(
    running: Running, pipeline: Fixture
) -> None:
    pipeline.publish(queued("text"), retracted(), queued("text", generation=2))
    async with running():
        events = await pipeline.receive("answers", 3)
    assert [e["kind"] for e in events] == ["note-answered", "note-retracted", "note-answered"]


async def test_trials_away_is_waited_for(
    running: Running, pipeline: Fixture, trials: Fixture
) -> None:
    trials.away = True
    pipeline.publish(*(queued("Stroke?: Yes", f"d-{n}", patient=f"p-{n}") for n in range(5)))
    async with running():
        await asyncio.sleep(0.3)
        trials.away = False
        events = await pipeline.receive("answers", 5)
    assert {event["note"]["document_id"] for event in events} == {f"d-{n}" for n in range(5)}
    assert pipeline.bus.dead_letters() == []


async def test_a_student_at_work_keeps_its_note_and_lets_retractions_pass(
    running: Running, pipeline: Fixture, student: Fixture
) -> None:
    pipeline.publish(queued("slow", "d-slow", patient="p-slow"), retracted("d-2", sequence=3))
    async with running():
        (event,) = await pipeline.receive("answers", 1)
        assert event["kind"] == "note-retracted"
        student.gate.set()
        _, event = await pipeline.receive("answers", 2)
        assert event["note"]["document_id"] == "d-slow"


async def test_a_note_on_which_the_student_fails_is_given_up_and_reported_without_its_text(
    running: Running, pipeline: Fixture, student: Fixture
) -> None:
    student.fault = RuntimeError("cannot read: fault of Mrs Example")
    bad = queued("fault of Mrs Example", "d-bad", patient="p-bad")
    pipeline.publish(bad, queued("Stroke?: Yes"))
    async with running():
        reports = [progress(event) for event in await pipeline.receive("progress", 2)]
        await pipeline.finished()
    assert [(r.note.document_id, r.state, r.reason) for r in reports] == [
        ("d-1", "answered", None),
        ("d-bad", "failed", "RuntimeError"),
    ]
    (letter,) = pipeline.bus.dead_letters()
    assert letter.reason == "RuntimeError"


async def test_an_event_of_an_unknown_version_is_a_dead_letter_and_its_note_reported(
    running: Running, pipeline: Fixture
) -> None:
    newer = queued("text").model_dump(mode="json") | {"schema_version": 99}
    pipeline.bus.publish(
        "notes",
        [
            Message("p-1", json.dumps(newer).encode()),
            Message("p-1", b"\xff no JSON"),
            Message("p-1", b"[]"),
        ],
    )
    async with running():
        (report,) = await pipeline.receive("progress", 1)
        await pipeline.finished()
    failed = progress(report)
    assert (failed.note.document_id, failed.state) == ("d-1", "failed")
    assert failed.reason is not None and "schema_version" in failed.reason
    assert len(pipeline.bus.dead_letters()) == 3


async def test_without_active_studies_a_note_is_answered_with_nothing(
    running: Running, pipeline: Fixture, student: Fixture, trials: Fixture
) -> None:
    trials.studies.clear()
    pipeline.publish(queued("text"))
    async with running():
        event = answered((await pipeline.receive("answers", 1))[0])
    assert (event.answers, student.asked) == ((), [])
