"""A student on notes of the training form."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from shared.criteria.question import Question
from shared.students.interface import Answer, Standing, StudentEngine, Verdict
from training.baselines.always_na import AlwaysNA
from training.dataset import TeacherNote
from training.evaluate.answering import answer_all
from training.evaluate.dataset import NothingToScoreError, as_asked
from training.evaluate.page import report_page
from training.evaluate.report import Report, build_report, measured
from training.evaluate.scoring import Metric
from training.evaluate.usage import Price, Usage

MakeNote = Callable[..., TeacherNote]


def evaluated(
    engine: StudentEngine, notes: Sequence[TeacherNote], against: StudentEngine | None = None
) -> Report:
    asked = as_asked(notes)
    others = {} if against is None else {"before": answer_all(against, asked)}
    student = answer_all(engine, asked)
    return build_report("held out", asked, engine="words", student=student, against=others)


def parts(report: Report) -> dict[str, int]:
    return {name: part.pairs for of in report.parts.values() for name, part in of.items()}


def test_parts_are_by_type_difficulty_and_length(
    engine: StudentEngine, teacher_note: MakeNote
) -> None:
    assert parts(evaluated(engine, [teacher_note()])) == {
        "boolean": 12,
        "numeric": 7,
        "na-boolean": 5,
        "na-numeric": 5,
        "easy": 29,
        "251 to 500 words": 29,
    }


def test_an_item_without_difficulty_is_in_no_part_of_it(
    engine: StudentEngine, teacher_note: MakeNote
) -> None:
    note = teacher_note()
    unrated = tuple(item.model_copy(update={"difficulty": None}) for item in note.items)
    report = evaluated(engine, [note.model_copy(update={"items": unrated})])
    assert "difficulty" not in report.parts


def test_a_student_that_agrees_with_the_teacher_is_right_everywhere(
    engine: StudentEngine, teacher_note: MakeNote
) -> None:
    note = teacher_note()
    known = tuple(item for item in note.items if item.question != "Smoker?")  # note: "smokes"
    report = evaluated(engine, [note.model_copy(update={"items": known})])
    assert all(p.right == p.pairs for of in report.parts.values() for p in of.values())
    assert report.metrics[Metric.QUOTE_VERBATIM_RATE].value == 1.0
    assert report.commitment.answered_right.value == 1.0


def test_another_student_stands_beside_it(engine: StudentEngine, teacher_note: MakeNote) -> None:
    report = evaluated(engine, [teacher_note()], against=AlwaysNA())
    before = report.against["before"]
    assert before.parts["type"]["na-boolean"].right == 5
    assert before.parts["type"]["boolean"].right == 0
    assert (before.answers.only_this, before.answers.only_other) == (13, 0)


def test_an_answer_that_needs_review_counts_as_na_and_as_a_proposal(
    teacher_note: MakeNote,
) -> None:
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

    outcome = answer_all(Unsure(), as_asked([teacher_note()])).outcomes[0]
    assert (outcome.pair.got, outcome.pair.claims) == (Verdict.NA, 0)
    assert outcome.claim is not None
    assert (outcome.claim.value, outcome.claim.answered) == (Verdict.YES, False)


def test_intervals_are_over_patients(engine: StudentEngine, teacher_note: MakeNote) -> None:
    notes = [teacher_note(id=f"T-{at}", patient_id="P") for at in range(3)]
    report = evaluated(engine, notes)
    assert (report.notes, report.patients, report.pairs) == (3, 1, 87)


def test_a_question_is_named_only_if_asked_of_several_patients(
    engine: StudentEngine, teacher_note: MakeNote
) -> None:
    notes = [teacher_note(id=f"T-{at}") for at in range(3)]
    own = notes[0].items[0].model_copy(update={"question": "Does Ms Example smoke?"})
    notes[0] = notes[0].model_copy(update={"items": (own, *notes[0].items[1:])})
    report = evaluated(engine, notes)
    assert "Asthma?" in report.questions
    assert "Ms Example" not in report.model_dump_json()


def test_tokens_are_those_of_this_evaluation_and_cost_what_was_stated(
    engine: StudentEngine, teacher_note: MakeNote
) -> None:
    class Counting:
        version = "counting"
        usage = Usage(5, 5)  # of earlier calls

        def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
            self.usage = Usage(self.usage.prompt_tokens + 1000, self.usage.completion_tokens + 10)
            return engine.answer(text, questions)

    asked = as_asked([teacher_note(), teacher_note(id="T-2")])
    report = build_report(
        "held out",
        asked,
        engine="counting",
        student=answer_all(Counting(), asked),
        prices={"counting": Price(1.0, 50.0)},
    )
    assert report.cost is not None
    assert (report.cost.prompt_tokens, report.cost.completion_tokens) == (2000, 20)
    assert report.cost.cost == pytest.approx(0.003)
    assert "0.003" in report_page(report, with_notes=False)


def test_the_gate_gets_every_pair_once(engine: StudentEngine, teacher_note: MakeNote) -> None:
    told = measured(answer_all(engine, as_asked([teacher_note()])))
    assert told.version == "words-1"
    assert len({(pair.note, pair.question) for pair in told.pairs}) == 29


def test_the_gate_decides_by_what_was_measured(
    engine: StudentEngine, teacher_note: MakeNote
) -> None:
    from training.gate import decide, read_rules

    asked = as_asked(teacher_note(id=f"T-{at}") for at in range(4))
    better, worse = (measured(answer_all(one, asked)) for one in (engine, AlwaysNA()))
    assert not decide(worse, better, read_rules()).promote


def test_notes_without_questions_are_left_out(teacher_note: MakeNote) -> None:
    empty = teacher_note(id="T-2", items=[])
    assert [one.note.id for one in as_asked([teacher_note(), empty])] == ["T-1"]
    with pytest.raises(NothingToScoreError, match="no note with a question"):
        as_asked([empty])
