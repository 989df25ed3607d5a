"""Every item that was read is kept, or counted under the reason why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dataset import DatasetError, ItemType
from training.dataset.cleaning import CleaningSettings, Reason
from training.dataset.filtering import Tally, clean_items, clean_notes, narrowed
from training.dataset.subsets import Subset
from training.notes.records import SourceNote
from training.teacher.records import RawItem

TEXT = "She smokes. No asthma. Platelets 187."
RAW = {"question": "Smoker?", "type": "boolean", "answer": "Yes", "quote": "She smokes"}

raw_items = st.lists(
    st.builds(
        RawItem,
        question=st.sampled_from(["Smoker?", "smoker", "Asthma?", "Platelets?"]),
        type=st.sampled_from(ItemType),
        answer=st.sampled_from(["Yes", "No", "NA", "187", "1,5", "maybe"]),
        quote=st.sampled_from(["", "She smokes", "no  ASTHMA", "Platelets 187", "invented"]),
        difficulty=st.none() | st.integers(1, 10),
        unit=st.sampled_from([None, "kg"]),
        section=st.none(),
        explanation=st.none(),
    ),
    max_size=12,
)
settings = st.builds(
    CleaningSettings,
    subset=st.sampled_from(Subset),
    least_difficulty=st.integers(1, 9),
    balanced=st.booleans(),
    most_items=st.none() | st.integers(4, 20),
)


def raw(**changes: object) -> RawItem:
    return RawItem.model_validate(RAW | changes)


def source(id: str, text: str = TEXT) -> SourceNote:
    return SourceNote(id=id, patient_id=f"P-{id}", text=text)


def silent(line: str) -> None: ...


@given(st.lists(raw_items, max_size=4), settings)
def test_read_is_kept_plus_dropped(all: list[list[RawItem]], settings: CleaningSettings) -> None:
    tally = Tally()
    asked = [(source(str(at), f"{at} {TEXT}"), items) for at, items in enumerate(all)]
    notes = narrowed(list(clean_notes(asked, settings, tally, silent)), settings, tally)
    kept = sum(len(note.items) for note in notes)
    assert tally.items == sum(map(len, all)) == kept + tally.dropped.total()


@given(raw_items, settings)
def test_all_that_is_kept_is_sound(items: list[RawItem], settings: CleaningSettings) -> None:
    for item in clean_items(items, TEXT, settings, Tally()):
        assert item.type in settings.subset.types
        assert item.quote in TEXT
        assert bool(item.quote) == (item.answer != "NA")
        assert settings.least_difficulty == 1 or (item.difficulty or 0) >= settings.least_difficulty


@given(raw_items, settings)
def test_what_is_clean_stays_as_it_is(items: list[RawItem], settings: CleaningSettings) -> None:
    once = clean_items(items, TEXT, settings, Tally())
    again = [RawItem.model_validate(item.model_dump(exclude={"also"})) for item in once]
    assert clean_items(again, TEXT, settings, Tally()) == once


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (raw(answer="Maybe"), Reason.MISFIT),
        (raw(quote=""), Reason.NO_QUOTE),
        (raw(quote="He drinks"), Reason.QUOTE_NOT_FOUND),
        (raw(type="na-boolean", answer="NA"), Reason.NA_WITH_QUOTE),
        (raw(difficulty=1), Reason.DIFFICULTY),
        (
            raw(type="numeric", answer="187", quote="Platelets 187", difficulty=9),
            Reason.NOT_IN_SUBSET,
        ),
    ],
)
def test_each_reason_is_counted_as_itself(item: RawItem, reason: Reason) -> None:
    tally = Tally()
    chosen = CleaningSettings(least_difficulty=2, subset=Subset.BOOLEAN)
    assert clean_items([item], TEXT, chosen, tally) == []
    assert tally.dropped == {reason: 1}


def test_a_mended_quote_is_counted() -> None:
    tally = Tally()
    clean_items([raw(quote="she  SMOKES")], TEXT, CleaningSettings(), tally)
    assert (tally.quotes_mended, tally.dropped.total()) == (1, 0)


def test_the_same_text_under_a_second_id_is_left_out() -> None:
    tally = Tally()
    asked = [(source("1"), [raw()]), (source("2", TEXT.replace(" ", "\n")), [raw(), raw()])]
    notes = list(clean_notes(asked, CleaningSettings(), tally, silent))
    assert [note.id for note in notes] == ["1"]
    assert tally.dropped == {Reason.NOTE_REPEATED: 2}


def test_a_note_id_that_stands_twice_is_an_error() -> None:
    asked = [(source("1"), [raw()]), (source("1", "another text"), [raw()])]
    with pytest.raises(DatasetError, match="1 stands twice"):
        list(clean_notes(asked, CleaningSettings(), Tally(), silent))
