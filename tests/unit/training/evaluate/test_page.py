"""The report as a web page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from shared.criteria.question import Question
from shared.criteria.study import Study
from shared.students.interface import Answer, StudentEngine
from training.baselines.always_na import AlwaysNA
from training.dataset import TeacherNote
from training.evaluate import command
from training.evaluate.answering import Outcome, answer_all
from training.evaluate.command import measure_folder
from training.evaluate.dataset import as_asked
from training.evaluate.folder import read_folder
from training.evaluate.page import report_page
from training.evaluate.report import Report, build_report

HOSTILE = "\"'><script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)>"


class Seen(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(autouse=True)
def no_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "BASELINES", {})


Measure = Callable[..., tuple[Report, Sequence[Outcome]]]


@pytest.fixture
def measure(folder: Path, study: Study) -> Measure:
    def run(
        student: StudentEngine, name: str = "words", **against: StudentEngine
    ) -> tuple[Report, Sequence[Outcome]]:
        console = Console(file=StringIO())
        return measure_folder(read_folder(folder), name, student, [study], console, against)

    return run


def test_it_loads_nothing_and_runs_nothing(measure: Measure, engine: StudentEngine) -> None:
    page = report_page(*measure(engine, never=AlwaysNA()), with_notes=True)
    seen = Seen(page)
    assert not seen.tags & {"script", "img", "link", "iframe", "object", "embed", "base", "form"}
    assert not seen.attributes & {"src", "href", "srcset", "action"}
    assert not any(name.startswith("on") for name in seen.attributes)
    assert not re.search(r"https?://|url\(|@import", page)
    assert "default-src 'none'" in page


def test_a_page_with_notes_says_so_at_its_top(measure: Measure) -> None:
    page = Seen(report_page(*measure(AlwaysNA()), with_notes=True))
    before_title, _ = page.text.split("How well", 1)
    assert "shows text of patients' notes" in before_title
    assert "Takes aspirin and clopidogrel." in page.text


def test_a_page_without_notes_has_none_of_their_text(measure: Measure) -> None:
    page = Seen(report_page(*measure(AlwaysNA()), with_notes=False))
    assert "shows no text of patients' notes" in " ".join(page.text.split())
    assert "Takes aspirin" not in page.text
    assert "mark" not in page.tags


def test_a_hostile_note_is_shown_and_harmless(folder: Path, measure: Measure) -> None:
    notes = [json.loads(line) for line in (folder / "notes.jsonl").read_text().splitlines()]
    hostile = [note | {"text": HOSTILE + note["text"]} for note in notes]
    (folder / "notes.jsonl").write_text("".join(json.dumps(note) + "\n" for note in hostile))
    page = report_page(*measure(AlwaysNA()), with_notes=True)
    seen = Seen(page)
    assert HOSTILE in seen.text
    assert not seen.tags & {"script", "img"}
    assert not any(name.startswith("on") for name in seen.attributes)


def test_names_and_questions_and_quotes_are_escaped_too(folder: Path, measure: Measure) -> None:
    questions = json.loads((folder / "questions.json").read_text())
    questions[2]["question"] = HOSTILE
    (folder / "questions.json").write_text(json.dumps(questions))

    class Hostile:
        version = HOSTILE

        def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
            return AlwaysNA().answer(text, questions)

    page = report_page(*measure(Hostile(), HOSTILE, **{HOSTILE: Hostile()}), with_notes=True)
    seen = Seen(page)
    assert seen.text.count(HOSTILE) > 5
    assert not seen.tags & {"script", "img"}


def test_a_question_written_for_one_note_is_shown_with_notes_only(
    teacher_note: Callable[..., TeacherNote],
) -> None:
    note = teacher_note()
    asked = as_asked([note])
    answered = answer_all(AlwaysNA(), asked)
    report = build_report("held out", asked, engine="never", student=answered)
    hidden = report_page(report, answered.outcomes, with_notes=False)
    assert "Smoker?" not in hidden
    assert "A question written for this note" in hidden
    assert "Smoker?" in report_page(report, answered.outcomes, with_notes=True)


def test_a_student_without_any_claim_has_a_page(measure: Measure) -> None:
    page = Seen(report_page(*measure(AlwaysNA()), with_notes=False)).text
    assert "there is nothing to say of how often these are right" in page


def test_the_headline_is_in_plain_words(measure: Measure, engine: StudentEngine) -> None:
    page = Seen(report_page(*measure(engine, never=AlwaysNA()), with_notes=False)).text
    assert "words was asked 8 questions. To 50 of 100 it gave an answer of its own" in page
    assert "words is right more often" not in page  # four to none may be chance
    assert "no clear difference" in page
    assert "None: every answer is that of the key." in page
