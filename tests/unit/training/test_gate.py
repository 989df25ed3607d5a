"""Whether a candidate may take the place of the student in service."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict
from training.evaluate.report import Measured
from training.evaluate.scoring import Metric, Pair
from training.gate import (
    Decision,
    GateError,
    GateRules,
    Role,
    decide,
    read_rules,
)

THREE, YES = Metric.THREE_CLASS_BALANCED_ACCURACY, Metric.YES_PRECISION
KEY = (Verdict.YES, Verdict.NO, Verdict.NA)
NOTES = 60


def measured(version: str, wrong: Callable[[int, Verdict], bool], notes: int = NOTES) -> Measured:
    """A student that answers three questions a note, and says NA (or No for NA) where wrong."""
    pairs = [
        Pair(
            note=f"n-{number:03}",
            question=expected.value,
            type=AnswerType.BOOLEAN,
            expected=expected,
            got=_other(expected) if wrong(number, expected) else expected,
            claims=1,
            verbatim=1,
        )
        for number in range(notes)
        for expected in KEY
    ]
    return Measured(version=version, seconds=1.0, pairs=tuple(pairs))


def _other(expected: Verdict) -> Verdict:
    return Verdict.NO if expected is Verdict.NA else Verdict.NA


def every(step: int) -> Callable[[int, Verdict], bool]:
    return lambda number, expected: number % step == 0


GOOD = measured("good-1", every(20))
FAIR = measured("fair-1", every(3))


def rules(**changes: object) -> GateRules:
    return GateRules.model_validate({"main": {"metric": THREE}} | changes)


def test_a_student_that_is_better_beyond_its_interval_is_promoted() -> None:
    decision = decide(GOOD, FAIR, rules())
    assert decision.promote
    assert (decision.candidate, decision.in_service) == ("good-1", "fair-1")
    assert (decision.notes, decision.pairs) == (NOTES, 3 * NOTES)
    (row,) = decision.rows
    assert row.role is Role.MAIN
    assert row.difference is not None and row.difference.low is not None
    assert row.difference.low > 0
    assert row.reason.startswith("three_class_balanced_accuracy: 0.950 against 0.667, +0.283 [+0.1")


def test_a_student_that_is_better_by_chance_only_is_not() -> None:
    slightly = measured("slightly-1", lambda number, _: number % 3 == 0 and number != 0)
    decision = decide(slightly, FAIR, rules())
    assert not decision.promote
    assert "not shown to be better (the lower bound must lie above 0)" in decision.reasons[0]


def test_a_margin_looks_at_the_difference_alone() -> None:
    slightly = measured("slightly-1", lambda number, _: number % 3 == 0 and number != 0)
    by_margin = {"metric": THREE, "better": "margin", "margin": 0.01}
    assert decide(slightly, FAIR, rules(main=by_margin)).promote
    assert not decide(slightly, FAIR, rules(main=by_margin | {"margin": 0.05})).promote


def test_a_guarded_metric_that_got_worse_keeps_a_student_out() -> None:
    # Right on all but NA, to which it says Yes: better in the mean, worse in the precision of Yes.
    pairs = [
        pair if pair.expected is not Verdict.NA or int(pair.note[2:]) % 4 else _yes(pair)
        for pair in measured("bold-1", lambda *_: False).pairs
    ]
    bold = Measured(version="bold-1", seconds=1.0, pairs=tuple(pairs))
    assert decide(bold, FAIR, rules()).promote
    decision = decide(bold, FAIR, rules(guarded={YES: 0.0}))
    assert not decision.promote
    assert [row.passed for row in decision.rows] == [True, False]
    assert decision.reasons[1].endswith("worse (the upper bound must be at least -0.000)")
    assert decide(bold, FAIR, rules(guarded={YES: 0.3})).promote


def _yes(pair: Pair) -> Pair:
    return Pair(pair.note, pair.question, pair.type, pair.expected, Verdict.YES, 1, 1)


def test_a_guarded_metric_may_vary_within_its_interval() -> None:
    assert decide(GOOD, FAIR, rules(guarded={Metric.YES_BALANCED_ACCURACY: 0.0})).promote


def test_floors_count_for_every_student() -> None:
    too_high = rules(floors={THREE: 0.96})
    decision = decide(GOOD, FAIR, too_high)
    assert not decision.promote
    assert decision.reasons[-1] == (
        "three_class_balanced_accuracy: 0.950 stays below the floor of 0.960"
    )


def test_the_first_student_needs_the_floors_only() -> None:
    asked = rules(guarded={YES: 0.0}, floors={THREE: 0.6})
    decision = decide(FAIR, None, asked)
    assert decision.promote
    assert decision.in_service is None
    assert [row.role for row in decision.rows] == [Role.FLOOR]
    assert not decide(FAIR, None, rules(floors={THREE: 0.7})).promote


def test_what_cannot_be_measured_is_neither_better_nor_above_a_floor() -> None:
    numeric = Metric.NUMERIC_ACCURACY
    decision = decide(GOOD, FAIR, rules(main={"metric": numeric}, floors={numeric: 0.1}))
    assert [row.passed for row in decision.rows] == [False, False]
    assert all("cannot be measured" in reason for reason in decision.reasons)


def test_a_guarded_metric_that_cannot_be_measured_any_more_counts_as_worse() -> None:
    silent = measured("silent-1", lambda _, expected: expected is Verdict.YES)
    asked = rules(guarded={YES: 0.0})
    assert "counts as worse" in decide(silent, FAIR, asked).reasons[1]
    assert "nothing is lost" in decide(GOOD, silent, asked).reasons[1]


def test_a_student_is_not_promoted_over_itself() -> None:
    decision = decide(GOOD, GOOD, rules(main={"metric": THREE, "better": "margin"}))
    assert not decision.promote
    assert decision.reasons[0] == "good-1 is in service already"


def test_other_notes_are_not_compared() -> None:
    with pytest.raises(GateError, match=r"180 and 177 pairs, and only one of them NA on n-059"):
        decide(GOOD, measured("short-1", every(3), NOTES - 1), rules())


def test_another_key_is_not_compared() -> None:
    first, *others = FAIR.pairs
    changed = Pair(first.note, first.question, first.type, Verdict.NA, first.got)
    with pytest.raises(GateError, match="different keys: Yes on n-000"):
        decide(GOOD, FAIR.model_copy(update={"pairs": (changed, *others)}), rules())


def test_a_question_answered_twice_is_not_counted_twice() -> None:
    twice = GOOD.model_copy(update={"pairs": (*GOOD.pairs, GOOD.pairs[0])})
    with pytest.raises(GateError, match="good-1 answered Yes on n-000 twice"):
        decide(twice, FAIR, rules())


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(GateError, match="measured on nothing"):
        decide(GOOD.model_copy(update={"pairs": ()}), None, rules())


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_answers_does_not_matter(chance: random.Random) -> None:
    shuffled = list(GOOD.pairs)
    chance.shuffle(shuffled)
    other = GOOD.model_copy(update={"pairs": tuple(shuffled)})
    assert decide(other, FAIR, rules()) == decide(GOOD, FAIR, rules())


def test_notes_of_one_patient_can_be_resampled_together() -> None:
    def patient(pair: Pair) -> str:
        return str(int(pair.note[2:]) // 30)

    by_note, by_patient = decide(GOOD, FAIR, rules()), decide(GOOD, FAIR, rules(), patient)
    first, second = by_note.rows[0].difference, by_patient.rows[0].difference
    assert first is not None and second is not None
    assert first.value == pytest.approx(second.value)
    assert (first.low, first.high) != (second.low, second.high)


def test_a_decision_is_printed_with_its_reasons_and_read_back_from_json() -> None:
    decision = decide(GOOD, FAIR, rules(floors={THREE: 0.6}))
    lines = str(decision).splitlines()
    assert lines[0] == "good-1 against fair-1 on 60 notes, 180 pairs: promote"
    assert lines[1:] == [f"- {reason}" for reason in decision.reasons]
    assert Decision.model_validate_json(decision.model_dump_json()) == decision


def test_the_shipped_rules_can_be_read() -> None:
    assert read_rules().main.metric is THREE


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("main: {metric: charm}", r"main\.metric: "),
        ("main: {metric: yes_precision}\nfloors: {yes_precision: 60}", r"floors\.yes_precision: "),
        ("main: [", "gate.yaml: "),
        ("", "gate.yaml: "),
    ],
)
def test_rules_that_cannot_be_read_are_named(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(text)
    with pytest.raises(GateError, match=fault):
        read_rules(file)
    with pytest.raises(GateError, match="missing"):
        read_rules(tmp_path / "missing.yaml")
