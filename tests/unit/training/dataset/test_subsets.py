"""The method's subsets, and equal numbers of each type."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dataset import ItemType, TeacherItem, TeacherNote
from training.dataset.subsets import Subset, choose, difficult_enough, without_evidence

ANSWERS = {"boolean": "Yes", "numeric": "1", "na-boolean": "NA", "na-numeric": "NA"}


def item(kind: ItemType, number: int = 0, difficulty: int | None = None) -> TeacherItem:
    return TeacherItem(
        question=f"Question {number}?",
        type=kind,
        answer=ANSWERS[kind.value],
        difficulty=difficulty,
        quote="x" if ANSWERS[kind.value] != "NA" else "",
        section="s",
        explanation="because",
    )


def note(at: int, kinds: list[ItemType]) -> TeacherNote:
    items = tuple(item(kind, number) for number, kind in enumerate(kinds))
    return TeacherNote(id=f"N{at}", text="x", items=items)


kinds = st.lists(st.sampled_from(ItemType), max_size=8)
notes = st.lists(kinds, max_size=6).map(lambda all: [note(at, k) for at, k in enumerate(all)])
subsets = st.sampled_from(Subset)
most = st.none() | st.integers(4, 30)


def types_of(notes: list[TeacherNote], chosen: set[tuple[str, int]]) -> Counter[ItemType]:
    of = {n.id: n for n in notes}
    return Counter(of[id].items[at].type for id, at in chosen)


@given(notes, subsets, st.integers(0, 3), most)
def test_balanced_means_equally_many_of_each_type(
    notes: list[TeacherNote], subset: Subset, seed: int, most_items: int | None
) -> None:
    counts = types_of(notes, choose(notes, subset.types, seed, True, most_items))
    assert len({counts[kind] for kind in subset.types}) == 1
    assert set(counts) <= set(subset.types)


@given(notes, subsets, st.booleans(), most)
def test_never_more_than_wanted_nor_of_another_type(
    notes: list[TeacherNote], subset: Subset, balanced: bool, most_items: int | None
) -> None:
    counts = types_of(notes, choose(notes, subset.types, 0, balanced, most_items))
    assert most_items is None or counts.total() <= most_items
    assert set(counts) <= set(subset.types)


@given(notes, st.booleans(), st.integers(4, 12), st.integers(0, 12))
def test_a_smaller_choice_is_part_of_a_larger_one(
    notes: list[TeacherNote], balanced: bool, small: int, more: int
) -> None:
    fewer = choose(notes, tuple(ItemType), 0, balanced, small)
    assert fewer <= choose(notes, tuple(ItemType), 0, balanced, small + more)


@given(notes, st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_notes(
    notes: list[TeacherNote], random: st.DataObject
) -> None:
    shuffled = list(notes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose(notes, tuple(ItemType), 0) == choose(shuffled, tuple(ItemType), 0)


def test_another_seed_draws_others() -> None:
    notes = [note(0, [ItemType.BOOLEAN] * 40 + [ItemType.NUMERIC] * 5)]
    types = Subset.BOOLEAN_NUMERIC.types
    assert choose(notes, types, 0) != choose(notes, types, 1)


def test_without_balance_or_limit_everything_of_the_subset_stays() -> None:
    notes = [note(0, [ItemType.BOOLEAN] * 3 + [ItemType.NUMERIC])]
    assert len(choose(notes, Subset.ALL.types, 0, balanced=False)) == 4


@pytest.mark.parametrize(
    ("subset", "types"),
    [
        (Subset.BOOLEAN, {"boolean"}),
        (Subset.BOOLEAN_NUMERIC, {"boolean", "numeric"}),
        (Subset.ALL, set(ANSWERS)),
        (Subset.WITHOUT_EVIDENCE, set(ANSWERS)),
    ],
)
def test_the_types_of_each_subset(subset: Subset, types: set[str]) -> None:
    assert {kind.value for kind in subset.types} == types


def test_without_evidence_only_question_and_answer_are_left() -> None:
    bare = without_evidence(item(ItemType.BOOLEAN))
    assert (bare.quote, bare.section, bare.explanation) == ("", None, None)
    assert (bare.question, bare.answer) == ("Question 0?", "Yes")


@given(st.none() | st.integers(1, 10), st.integers(1, 9))
def test_raising_the_least_difficulty_lets_nothing_new_in(rating: int | None, least: int) -> None:
    one = item(ItemType.BOOLEAN, difficulty=rating)
    assert difficult_enough(one, 1)
    if difficult_enough(one, least + 1):
        assert difficult_enough(one, least)


def test_without_a_rating_an_item_is_not_known_to_be_difficult() -> None:
    assert not difficult_enough(item(ItemType.BOOLEAN), 2)
