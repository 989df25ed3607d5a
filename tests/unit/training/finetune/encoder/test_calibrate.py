"""Calibration on made-up logits whose best temperature and thresholds are known."""

from __future__ import annotations

import numpy as np
import pytest

from shared.criteria.question import AnswerType, Question
from shared.students.encoder.decoding import NoteLogits, NoteText
from shared.students.encoder.passages import Tokens
from shared.students.interface import Verdict
from training.finetune.encoder.calibrate import Read, calibrate
from training.finetune.encoder.examples import Item

TEXT = "Denies tobacco."
TOKENS = Tokens(np.array([1, 2]), np.array([0, 7]), np.array([6, 14]))
NOTE = NoteText(TEXT, TOKENS, [], np.array([], dtype=np.int64))
QUESTION = Question(study="s", id="q", text="Smoker?", type=AnswerType.BOOLEAN)


def read(answer: str, yes: float, no: float, na: float) -> Read:
    verdict = np.array([yes, no, -9.0, na], np.float32)
    flat = np.zeros(2, np.float32)
    logits = NoteLogits(verdict, flat, flat, flat, np.array([0, 1]))
    return Read(QUESTION, Item(("Smoker?",), False, answer), NOTE, logits)


def test_an_overconfident_network_is_cooled_down():
    # Says Yes with logit 8 and is right three times in four.
    rows = [read("Yes", 8, 0, 0)] * 75 + [read("NA", 8, 0, 0)] * 25
    assert calibrate(rows).temperatures[AnswerType.BOOLEAN] > 2


def test_the_answer_threshold_lies_between_wrong_and_right_claims():
    rows = [read("Yes", 4, 0, 0)] * 50 + [read("NA", 0.5, 0, 0)] * 50 + [read("NA", 0, 0, 4)] * 50
    calibration = calibrate(rows)
    kept = [
        j.right
        for j in calibration.judged
        if j.verdict is Verdict.YES and j.confidence >= calibration.thresholds[Verdict.YES].answer
    ]
    assert kept == [True] * 50


def test_proposals_lie_below_answers_and_are_right_often_enough_to_be_looked_at():
    rows = (
        [read("Yes", 4, 0, 0)] * 60
        + [read("Yes", 0.8, 0, 0)] * 4
        + [read("NA", 0.8, 0, 0)] * 6
        + [read("NA", 0, 0, 6)] * 50
    )
    thresholds = calibrate(rows).thresholds[Verdict.YES]
    assert thresholds.review <= thresholds.answer


@pytest.mark.parametrize("verdict", [Verdict.YES, Verdict.NO, Verdict.NUMBER])
def test_every_claim_has_both_thresholds(verdict):
    rows = [read("Yes", 3, 0, 0), read("No", 0, 3, 0), read("NA", 0, 0, 3)]
    thresholds = calibrate(rows).thresholds[verdict]
    assert 0 <= thresholds.review <= thresholds.answer <= 1
