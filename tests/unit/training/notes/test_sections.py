"""Headed sections of a note."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.notes.records import NoteFilter, SourceNote
from training.notes.section_names import KNOWN
from training.notes.sections import keep_sections, split_sections

SUMMARY = """\
Name:  ___                Unit No:  ___

Service: MEDICINE

Chief Complaint:
Shortness of breath

History of Present Illness:
He was told the following: rest. At 10:30 he felt better.
CXR: clear.

Physical Exam:
ADMISSION EXAM:
HEENT: no icterus
Cardiac: regular

Pertinent Results:
___ 07:45AM BLOOD WBC-5.2

Discharge Medications:
1. Aspirin 81 mg
"""

LINES = st.lists(
    st.one_of(
        st.sampled_from(["PMH:", "Plan: rest", "HEENT: fine", "Odd Heading:", "", "\tx: y", "a:b"]),
        st.text(max_size=20),
    ),
    max_size=12,
).map("\n".join)
NAMES = st.lists(st.sampled_from([*sorted(KNOWN)[:20], "plan", "PMH", "Odd heading"]), max_size=3)


def names(text: str) -> list[str | None]:
    return [section.name for section in split_sections(text)]


def test_a_discharge_summary_is_split_at_its_headings() -> None:
    assert names(SUMMARY) == [
        None,
        "Service",
        "Chief Complaint",
        "History of Present Illness",
        "CXR",
        "Physical Exam",
        "ADMISSION EXAM",
        "HEENT",
        "Pertinent Results",
        "Discharge Medications",
    ]


def test_a_known_section_is_kept_with_the_headings_within_it() -> None:
    assert keep_sections(SUMMARY, ["physical exam"]) == (
        "Physical Exam:\nADMISSION EXAM:\nHEENT: no icterus\nCardiac: regular\n\n"
    )


def test_sections_are_kept_in_the_order_of_the_note() -> None:
    kept = keep_sections(SUMMARY, ["Discharge Medications:", "chief complaint"])
    assert kept.startswith("Chief Complaint:")
    assert kept.endswith("1. Aspirin 81 mg\n")
    assert "Results" not in kept


@pytest.mark.parametrize("heading", ["PMH:", "Past Medical History:", "PAST  MEDICAL HISTORY :"])
def test_a_section_is_found_by_what_else_it_is_called(heading: str) -> None:
    assert keep_sections(f"HPI: cough\n{heading} gout\nFH: none", ["past medical history"]) == (
        f"{heading} gout\n"
    )


def test_a_name_of_ones_own_is_found_and_ends_at_the_next_heading() -> None:
    text = "Befund: ruhig\nund klar\nBeurteilung:\nunauffällig\n"
    assert keep_sections(text, ["befund"]) == "Befund: ruhig\nund klar\n"


@pytest.mark.parametrize(
    "line",
    ["the following:", "at 10:30 he fell", "http://x.example", "Please take the following:", ":"],
)
def test_a_sentence_is_not_a_heading(line: str) -> None:
    assert names(f"{line}\n") == [None]


def test_a_line_without_end_takes_no_longer_than_it_is_long() -> None:
    assert names("A " * 500_000) == [None]


@given(LINES)
def test_the_sections_together_are_the_text(text: str) -> None:
    sections = split_sections(text)
    assert "".join(text[s.start : s.end] for s in sections) == text
    for section in sections:
        assert section.start < section.end
        assert section.name is None or text[section.start :].lstrip(" \t").startswith(section.name)


@given(LINES, NAMES)
def test_what_is_kept_stands_in_the_text_and_is_kept_again(text: str, wanted: list[str]) -> None:
    kept = keep_sections(text, wanted)
    rest = iter(text.split("\n"))
    assert all(line in rest for line in kept.removesuffix("\n").split("\n") if kept)
    assert keep_sections(kept, wanted) == kept


def test_a_filter_cuts_notes_down_and_counts_the_words_that_are_left() -> None:
    note = SourceNote(id="1", patient_id="p", text=SUMMARY)
    other = SourceNote(id="2", patient_id="p", text="No heading at all.")
    only = NoteFilter(sections=("chief complaint",))
    assert [n.text for n in only.keep([note, other])] == [
        "Chief Complaint:\nShortness of breath\n\n"
    ]
    assert list(NoteFilter(sections=("cc",), least_words=6).keep([note])) == []
