"""What the keyword baseline looks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.baselines.keywords import Sought
from training.baselines.keywords import sought as sought_with
from training.baselines.vocabulary import CONCEPTS, PADDING


def sought(question: str) -> Sought:
    return sought_with(question, CONCEPTS)


def test_a_known_concept_brings_its_other_spellings() -> None:
    (group,) = sought("Has the patient had a myocardial infarction?").groups
    assert {"mi", "heart attack", "nstemi"} <= set(group)


def test_a_class_brings_its_members_but_a_member_stands_for_itself() -> None:
    (statins,) = sought("Is the patient on a statin?").groups
    (lipitor,) = sought("Is the patient on Lipitor?").groups
    assert "simvastatin" in statins
    assert set(lipitor) == {"atorvastatin", "lipitor"}


def test_without_synonyms_only_the_questions_own_words_are_sought() -> None:
    assert sought_with("Is the patient on a statin?", {}).groups == (("statin",),)


def test_an_unknown_concept_is_its_content_words() -> None:
    assert sought("Does the patient have antiphospholipid antibodies?").groups == (
        ("antiphospholipid antibodies",),
    )


def test_alternatives_are_groups_of_their_own() -> None:
    groups = sought("Has the patient had a stroke or a splenic abscess?").groups
    assert [group[0] for group in groups] == ["stroke", "splenic abscess"]


@pytest.mark.parametrize(
    ("question", "every", "kin", "now", "allergy"),
    [
        ("Is the patient taking both aspirin and warfarin?", True, False, True, False),
        ("Has the patient's mother had diabetes?", False, True, False, False),
        ("Has the patient ever had a recent stroke?", False, False, False, False),
        ("Is the patient allergic to aspirin?", False, False, False, True),
    ],
)
def test_the_form_of_the_question_is_read(
    question: str, every: bool, kin: bool, now: bool, allergy: bool
) -> None:
    found = sought(question)
    assert (found.every, found.kin, found.now, found.allergy) == (every, kin, now, allergy)


def test_units_in_brackets_are_no_keywords() -> None:
    assert len(sought("Platelet count (10*3/uL)").groups) == 1


@given(st.text(max_size=200))
def test_any_text_is_read_and_padding_is_never_sought(question: str) -> None:
    for group in sought(question).groups:
        assert all(spelling.strip() for spelling in group)
        assert not PADDING & {spelling for spelling in group if len(group) == 1}
