"""Calibration of a decoder on made-up claims."""

from __future__ import annotations

from collections.abc import Sequence

from shared.criteria.question import AnswerType, Question
from shared.students.interface import Answer, Verdict
from training.dataset import Dataset
from training.finetune.decoder.calibrate import Claimed, calibrate, read_held_out
from training.finetune.decoder.recipe import Recipe


def claim(verdict: str, confidence: float, answer: str) -> Claimed:
    return Claimed(AnswerType.BOOLEAN, Verdict(verdict), None, confidence, answer)


def number(value: float, confidence: float, answer: str) -> Claimed:
    return Claimed(AnswerType.NUMERIC, Verdict.NUMBER, value, confidence, answer)


def test_an_overconfident_student_is_cooled_down():
    claims = [claim("Yes", 0.999, "Yes")] * 75 + [claim("Yes", 0.999, "NA")] * 25
    assert calibrate(claims).temperatures[AnswerType.BOOLEAN] > 2


def test_each_kind_of_answer_has_a_temperature_of_its_own():
    claims = [claim("Yes", 0.999, "Yes")] * 75 + [claim("Yes", 0.999, "NA")] * 25
    claims += [number(5, 0.9, "5")] * 90 + [number(5, 0.9, "6")] * 10
    temperatures = calibrate(claims).temperatures
    assert temperatures[AnswerType.NUMERIC] < 1.1 < temperatures[AnswerType.BOOLEAN]


def test_the_answer_threshold_lies_between_wrong_and_right_claims():
    claims = [claim("Yes", 0.95, "Yes")] * 50 + [claim("Yes", 0.5, "NA")] * 50
    claims += [claim("NA", 0.9, "NA")] * 50
    calibration = calibrate(claims)
    least = calibration.thresholds[Verdict.YES].answer
    kept = [j.right for j in calibration.judged if j.verdict is Verdict.YES]
    sure = [j.confidence >= least for j in calibration.judged if j.verdict is Verdict.YES]
    assert kept == sure


def test_a_silent_student_still_gets_thresholds():
    thresholds = calibrate([claim("NA", 0.9, "Yes")] * 5).thresholds
    assert set(thresholds) == {Verdict.YES, Verdict.NO, Verdict.NUMBER}


def test_numbers_are_right_up_to_rounding():
    assert number(1.4002, 0.9, "1.4").right
    assert not number(1.9, 0.9, "1.4").right
    assert not number(1.4, 0.9, "NA").right


class Counting:
    """Says NA to everything and counts."""

    version = "none"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        self.asked.append(len(questions))
        return [Answer(question=q.key, verdict=Verdict.NA, confidence=1) for q in questions]


def test_held_out_notes_are_asked_evenly_and_no_more_than_the_recipe_says(teacher_note):
    notes = tuple(teacher_note(id=f"T-{i}") for i in range(5))
    student = Counting()
    dataset = Dataset((), notes, {}, "")
    said: list[str] = []
    claims = read_held_out(student, dataset, Recipe(calibration_questions=50), said.append)
    assert student.asked == [10] * 5
    assert len(claims) == 50
    assert said == ["5 of 5 held-out notes read"]
