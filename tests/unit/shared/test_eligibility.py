"""Eligibility of a patient over notes: combination, windows, facts, corrections, properties."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.criteria.study import Study, check_study
from shared.eligibility import (
    NotedAnswer,
    PatientFacts,
    Screening,
    Status,
    evaluate_on_note,
    screen,
)
from shared.students.interface import Answer, Standing, Verdict

AS_OF = date(2026, 10, 31)
NOBODY = PatientFacts()
QUESTIONS = [
    {"id": "af", "type": "boolean", "text": "AF?"},
    {"id": "bleed", "type": "boolean", "text": "Bleeding?"},
    {"id": "pregnant", "type": "boolean", "text": "Pregnant?"},
    {"id": "male", "type": "boolean", "text": "Male?", "fact": "sex-male"},
    {"id": "english", "type": "boolean", "text": "Speaks English?", "fact": "english"},
    {"id": "age", "type": "numeric", "unit": "a", "text": "Age?", "fact": "age"},
    {"id": "creatinine", "type": "numeric", "unit": "mg/dL", "text": "Creatinine?"},
]


def study(*criteria: dict[str, Any]) -> Study:
    return check_study(
        {"id": "x", "title": "T", "questions": QUESTIONS, "criteria": list(criteria)}
    )


def criterion(when: Any, kind: str = "exclusion", id: str = "c", **more: Any) -> dict[str, Any]:
    return {"id": id, "kind": kind, "when": when, **more}


def said(
    question: str,
    value: str | float,
    day: str = "2026-10-01",
    *,
    document: str | None = None,
    review: bool = False,
    corrected: bool = False,
) -> NotedAnswer:
    number = value if isinstance(value, float) else None
    answer = Answer(
        question=f"x/{question}",
        verdict=Verdict.NUMBER if isinstance(value, float) else Verdict(value),
        number=number,
        standing=Standing.REVIEW if review else Standing.ANSWERED,
        confidence=0.9,
    )
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return NotedAnswer(document or f"note-{day}", at, answer, corrected)


def value_of(
    when: Any, *answers: NotedAnswer, facts: PatientFacts = NOBODY, **more: Any
) -> bool | None:
    (result,) = screen(study(criterion(when, **more)), answers, facts, AS_OF).criteria
    return result.value


# Combination over notes


def test_what_was_ever_true_is_true() -> None:
    assert value_of("af", said("af", "Yes", "2020-01-01"), said("af", "No", "2026-01-01")) is True


def test_latest_takes_the_newest_note_that_answers() -> None:
    when = {"question": "bleed", "combine": "latest"}
    answers = (
        said("bleed", "Yes", "2026-01-01"),
        said("bleed", "No", "2026-05-01"),
        said("bleed", "NA", "2026-06-01"),
    )

    assert value_of(when, *answers) is False


def test_the_latest_number_counts_by_default() -> None:
    answers = (said("creatinine", 3.0, "2026-01-01"), said("creatinine", 1.0, "2026-05-01"))

    assert value_of("creatinine > 2.5 mg/dL", *answers) is False
    assert value_of({"compare": "creatinine > 2.5 mg/dL", "combine": "max"}, *answers) is True
    assert value_of({"compare": "creatinine > 2.5 mg/dL", "combine": "any"}, *answers) is True
    assert value_of({"compare": "creatinine < 2 mg/dL", "combine": "min"}, *answers) is True


def test_newest_is_by_instant_and_not_by_clock_face() -> None:
    east = datetime.fromisoformat("2026-10-01T09:00:00+09:00")
    west = datetime.fromisoformat("2026-10-01T05:00:00+00:00")
    older = NotedAnswer("east", east, said("creatinine", 3.0).answer)
    newer = NotedAnswer("west", west, said("creatinine", 1.0).answer)

    assert value_of("creatinine > 2.5 mg/dL", newer, older) is False


def test_the_criterion_says_how_its_questions_combine_unless_a_leaf_does() -> None:
    answers = (said("bleed", "Yes", "2026-01-01"), said("bleed", "No", "2026-05-01"))
    leaf = {"question": "bleed", "combine": "any"}

    assert value_of("bleed", *answers, combine="latest") is False
    assert value_of(leaf, *answers, combine="latest") is True


def test_a_limit_in_another_unit_is_converted() -> None:
    assert value_of("creatinine > 25 mg/L", said("creatinine", 2.6)) is True
    assert value_of("creatinine > 25 mg/L", said("creatinine", 2.5)) is False


@pytest.mark.parametrize(
    ("number", "holds"), [(6.4, False), (6.5, True), (9.5, True), (9.6, False)]
)
def test_a_range_holds_at_both_ends(number: float, holds: bool) -> None:
    assert value_of("creatinine in 6.5..9.5 mg/dL", said("creatinine", number)) is holds


# Time


def test_notes_after_the_date_of_screening_do_not_count() -> None:
    assert value_of("af", said("af", "Yes", "2026-10-31")) is True
    assert value_of("af", said("af", "Yes", "2026-11-01")) is None


def test_what_happened_before_the_window_does_not_count_but_an_old_no_stands() -> None:
    within = {"question": "bleed", "within": "6 months"}

    assert value_of(within, said("bleed", "Yes", "2026-04-30")) is True
    assert value_of(within, said("bleed", "Yes", "2026-04-29")) is None
    assert value_of(within, said("bleed", "No", "2025-01-01")) is False
    old, new = said("bleed", "No", "2025-01-01"), said("bleed", "Yes", "2026-10-01")
    assert value_of(within, old, new) is True


def test_an_old_number_tells_nothing_within_a_window() -> None:
    within = {"compare": "creatinine > 2.5 mg/dL", "within": "P3M"}

    assert value_of(within, said("creatinine", 1.0, "2026-01-01")) is None


# What NA and review mean


def test_silence_is_unknown_unless_a_default_is_stated() -> None:
    silent = said("bleed", "NA")

    assert value_of("bleed", silent) is None
    assert value_of({"question": "bleed", "na": "No"}, silent) is False
    assert value_of({"question": "bleed", "na": "Yes"}, silent) is True


def test_a_default_waits_until_a_note_was_asked() -> None:
    assert value_of({"question": "bleed", "na": "No"}) is None


def test_an_answer_that_needs_review_is_unknown_and_keeps_a_default_away() -> None:
    proposal = said("bleed", "Yes", review=True)

    assert value_of("bleed", proposal) is None
    assert value_of({"question": "bleed", "na": "No"}, proposal, said("bleed", "NA")) is None


def test_a_silent_note_does_not_hide_what_another_tells() -> None:
    assert value_of("bleed", said("bleed", "NA"), said("bleed", "No", "2026-01-01")) is False


# Corrections


def test_a_correction_replaces_the_machines_answer_on_the_same_note_only() -> None:
    machine = said("bleed", "Yes", document="a")
    person = said("bleed", "No", document="a", corrected=True)

    assert value_of("bleed", machine, person) is False
    assert value_of("bleed", machine, person, said("bleed", "Yes", document="b")) is True


def test_a_person_can_say_that_the_note_does_not_tell() -> None:
    machine = said("bleed", "Yes", document="a")
    person = said("bleed", "NA", document="a", corrected=True)

    assert value_of("bleed", machine, person) is None


# Structured facts


def test_facts_win_over_the_notes() -> None:
    man = PatientFacts("male", date(1980, 11, 1))

    assert value_of("male", said("male", "No"), facts=man) is True
    assert value_of("age >= 46 a", said("age", 60.0), facts=man) is False
    assert value_of("age >= 45 a", facts=man) is True


def test_without_the_fact_the_notes_answer() -> None:
    other = PatientFacts("other")

    assert value_of("male", said("male", "Yes"), facts=other) is True
    assert value_of("age >= 46 a", said("age", 60.0), facts=other) is True


def test_listed_english_proves_it_and_another_language_proves_nothing() -> None:
    english = PatientFacts(languages=("pt", "en-US"))
    portuguese = PatientFacts(languages=("pt",))

    assert value_of("english", said("english", "No"), facts=english) is True
    assert value_of("english", said("english", "Yes"), facts=portuguese) is True
    assert value_of("english", facts=portuguese) is None


PREGNANT = {"holds": "pregnant", "unless": {"any": ["male", "age > 55 a"]}}


def test_a_man_is_not_pregnant_although_no_note_says_so() -> None:
    assert value_of(PREGNANT, facts=PatientFacts("male")) is False
    assert value_of(PREGNANT, facts=PatientFacts("female", date(1950, 1, 1))) is False
    assert value_of(PREGNANT, facts=PatientFacts("female", date(1990, 1, 1))) is None
    assert value_of(PREGNANT, said("pregnant", "Yes"), facts=PatientFacts("female")) is True


# One note alone


def test_one_note_alone_knows_no_facts_defaults_or_windows() -> None:
    one = study(
        criterion({"question": "bleed", "na": "No", "within": "P1D"}, id="bleed"),
        criterion(PREGNANT, id="pregnancy"),
        criterion("male", id="male"),
    )
    answers = [said("bleed", "NA").answer, said("age", 80.0).answer]

    values = {c.id: evaluate_on_note(c, one, answers) for c in one.criteria}

    assert values == {"bleed": None, "pregnancy": False, "male": None}


def test_on_one_note_an_answer_that_needs_review_is_unknown() -> None:
    one = study(criterion("bleed"))

    answers = [said("bleed", "Yes", review=True).answer]
    assert evaluate_on_note(one.criterion("c"), one, answers) is None


# Status and explanation

TRIAL = study(
    criterion("af", "inclusion", "af"),
    criterion("bleed", "exclusion", "bleed"),
    criterion("male", "risk-factor", "sex"),
    criterion("age >= 75 a", "risk-factor", "old"),
)
WOMAN_OF_80 = PatientFacts("female", date(1946, 1, 1))
WOMAN_OF_50 = PatientFacts("female", date(1976, 1, 1))
SETTLED = (said("af", "Yes"), said("bleed", "No"))


def screened(*answers: NotedAnswer, facts: PatientFacts = WOMAN_OF_80) -> Screening:
    return screen(TRIAL, answers, facts, AS_OF)


def test_eligible_when_all_is_settled_and_one_risk_factor_holds() -> None:
    screening = screened(*SETTLED)

    assert screening.status is Status.ELIGIBLE
    assert screening.decided_by == ("af", "bleed", "old")


@pytest.mark.parametrize(
    ("answers", "facts", "decided_by"),
    [
        ((said("af", "No"),), WOMAN_OF_80, ("af",)),
        ((said("bleed", "Yes"),), WOMAN_OF_80, ("bleed",)),
        (SETTLED, WOMAN_OF_50, ("sex", "old")),
        ((said("af", "No"), said("bleed", "Yes")), WOMAN_OF_80, ("af", "bleed")),
    ],
)
def test_ineligible_by_every_criterion_that_bars(
    answers: tuple[NotedAnswer, ...], facts: PatientFacts, decided_by: tuple[str, ...]
) -> None:
    screening = screened(*answers, facts=facts)

    assert (screening.status, screening.decided_by) == (Status.INELIGIBLE, decided_by)


def test_a_potential_candidate_as_long_as_something_needed_is_open() -> None:
    assert screened(said("af", "Yes")).decided_by == ("bleed",)
    no_age = screened(*SETTLED, facts=PatientFacts("female"))
    assert (no_age.status, no_age.decided_by) == (Status.POTENTIAL, ("old",))


def test_the_explanation_names_questions_notes_and_facts() -> None:
    by_id = {result.id: result for result in screened(*SETTLED).criteria}

    assert by_id["bleed"].explanation == "bleed: No (any, 2026-10-01, note-2026-10-01)"
    assert by_id["bleed"].deciding == (SETTLED[1],)
    assert by_id["old"].explanation == "Patient: age 80"


def test_only_what_decided_is_named() -> None:
    when = {"any": ["af", "bleed"]}
    answers = (said("af", "Yes"), said("bleed", "No"))

    (result,) = screen(study(criterion(when)), answers, NOBODY, AS_OF).criteria

    assert result.deciding == (answers[0],)


def test_other_studies_answers_are_passed_over() -> None:
    other = said("af", "Yes")
    foreign = NotedAnswer(
        other.document_id,
        other.note_date,
        other.answer.model_copy(update={"question": "other/af"}),
    )

    assert value_of("af", foreign) is None


# Properties

RICH = study(
    criterion("af", "inclusion", "af"),
    criterion({"all": ["bleed", {"not": "pregnant"}]}, "exclusion", "both"),
    criterion({"at-least": 2, "of": ["af", "bleed", "male"]}, "risk-factor", "two"),
    criterion({"compare": "creatinine > 2 mg/dL", "combine": "max"}, "exclusion", "renal"),
)

booleans = st.builds(
    said,
    st.sampled_from(["af", "bleed", "pregnant", "male"]),
    st.sampled_from(["Yes", "No", "NA"]),
    st.sampled_from(["2025-01-01", "2026-01-01", "2026-10-01"]),
    document=st.sampled_from(["a", "b", "c"]),
    review=st.booleans(),
    corrected=st.booleans(),
)
numbers = st.builds(
    said,
    st.just("creatinine"),
    st.sampled_from([0.5, 1.9, 2.1, 8.0]),
    st.sampled_from(["2025-01-01", "2026-10-01"]),
    document=st.sampled_from(["a", "b", "c"]),
)
noted = st.lists(booleans | numbers, max_size=12)


@given(noted, st.randoms(use_true_random=False))
def test_the_order_in_which_answers_come_does_not_matter(
    answers: list[NotedAnswer], chance: random.Random
) -> None:
    shuffled = answers.copy()
    chance.shuffle(shuffled)

    assert screen(RICH, shuffled, NOBODY, AS_OF) == screen(RICH, answers, NOBODY, AS_OF)


@given(noted)
def test_screening_twice_with_the_same_answers_changes_nothing(answers: list[NotedAnswer]) -> None:
    once, twice = (screen(RICH, given, NOBODY, AS_OF) for given in (answers, answers * 2))

    assert [r.value for r in once.criteria] == [r.value for r in twice.criteria]
    assert once.status is twice.status


@given(noted, st.sampled_from(["af", "bleed", "pregnant", "male"]), st.sampled_from(["Yes", "No"]))
def test_settling_an_open_question_flips_nothing_that_was_settled(
    answers: list[NotedAnswer], question: str, value: str
) -> None:
    def open_ones(given_answers: Sequence[NotedAnswer]) -> list[NotedAnswer]:
        return [n for n in given_answers if n.answer.question != f"x/{question}"]

    before = screen(RICH, open_ones(answers), NOBODY, AS_OF)
    after = screen(RICH, [*open_ones(answers), said(question, value)], NOBODY, AS_OF)

    for old, new in zip(before.criteria, after.criteria, strict=True):
        assert old.value is None or new.value is old.value
    if before.status is not Status.POTENTIAL:
        assert after.status is before.status


@given(noted)
def test_silence_and_proposals_change_no_value(answers: list[NotedAnswer]) -> None:
    assume(not any(n.corrected for n in answers))  # a person's NA does take away
    telling = [
        n
        for n in answers
        if n.answer.verdict is not Verdict.NA and n.answer.standing is Standing.ANSWERED
    ]

    with_all, with_telling = (screen(RICH, given, NOBODY, AS_OF) for given in (answers, telling))

    assert [r.value for r in with_all.criteria] == [r.value for r in with_telling.criteria]


@given(noted, st.integers(0, 800))
def test_decided_by_names_criteria_of_the_study(answers: list[NotedAnswer], days: int) -> None:
    screening = screen(RICH, answers, NOBODY, AS_OF - timedelta(days=days))

    assert set(screening.decided_by) <= {c.id for c in RICH.criteria}
    assert screening.decided_by
