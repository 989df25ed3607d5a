"""A student on notes of the training form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from shared.criteria.question import Question
from shared.students.interface import Answer, Standing, StudentEngine, Verdict
from training.baselines.always_na import AlwaysNA
from training.dataset import TeacherNote
from training.evaluate.heldout import answer_items, slices
from training.evaluate.heldout_command import score_held_out
from training.evaluate.scoring import Metric

MakeNote = Callable[..., TeacherNote]


def test_parts_are_by_type_and_difficulty(engine: StudentEngine, teacher_note: MakeNote) -> None:
    parts = slices(answer_items(engine, [teacher_note()]))
    assert {name: part.items for name, part in parts.items()} == {
        "all": 29,
        "boolean": 12,
        "numeric": 7,
        "na-boolean": 5,
        "na-numeric": 5,
        "easy": 29,
    }


def test_a_student_that_agrees_with_the_teacher_is_right_everywhere(
    engine: StudentEngine, teacher_note: MakeNote
) -> None:
    note = teacher_note()
    known = tuple(item for item in note.items if item.question != "Smoker?")  # note: "smokes"
    parts = slices(answer_items(engine, [note.model_copy(update={"items": known})]))
    assert [part.right for part in parts.values()] == [1.0] * len(parts)
    assert parts["all"].metrics[Metric.QUOTE_VERBATIM_RATE].value == 1.0


def test_always_na_is_right_where_the_note_cannot_tell(teacher_note: MakeNote) -> None:
    parts = slices(answer_items(AlwaysNA(), [teacher_note()]))
    right = {name: part.right for name, part in parts.items()}
    assert (right["boolean"], right["numeric"], right["na-boolean"]) == (0.0, 0.0, 1.0)
    assert right["all"] == pytest.approx(10 / 29)


def test_an_answer_that_needs_review_counts_as_na(teacher_note: MakeNote) -> None:
    class Unsure:
        version = "unsure"

        def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
            return [
                Answer(
                    question=question.key,
                    verdict=Verdict.YES,
                    standing=Standing.REVIEW,
                    confidence=0.5,
                )
                for question in questions
            ]

    outcome = answer_items(Unsure(), [teacher_note()])[0]
    assert (outcome.pair.got, outcome.pair.claims) == (Verdict.NA, 0)


def run(*arguments: str) -> tuple[int, str]:
    app = Typer()
    app.command()(score_held_out)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_the_command_scores_the_notes_held_out(teacher_note: MakeNote, tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text(teacher_note().model_dump_json() + "\n")
    code, output = run(str(tmp_path), "--engine", "always-na", "--held-out", "1")
    assert code == 0, output
    assert "always-na-1: 1 held-out notes" in output


def test_the_command_names_what_is_wrong_with_the_folder(tmp_path: Path) -> None:
    code, output = run(str(tmp_path), "--engine", "always-na")
    assert code == 1
    assert "no *.jsonl file" in output


def test_an_unknown_engine_is_refused_with_the_names_there_are(
    teacher_note: MakeNote, tmp_path: Path
) -> None:
    (tmp_path / "notes.jsonl").write_text(teacher_note().model_dump_json() + "\n")
    code, output = run(str(tmp_path), "--engine", "oracle")
    assert code == 1
    assert "no student engine 'oracle'" in output
