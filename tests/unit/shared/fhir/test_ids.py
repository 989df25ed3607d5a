"""Deterministic ids."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from shared.fhir import ids

text = st.text(max_size=20)


@given(text, text)
def test_ids_are_valid_fhir_ids_and_repeatable(one: str, two: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", ids.observation_id(one, two))
    assert ids.observation_id(one, two) == ids.observation_id(one, two)


@given(text, text, text)
def test_where_one_part_ends_and_the_next_begins_matters(a: str, b: str, c: str) -> None:
    if b:
        assert ids.observation_id(a + b, c) != ids.observation_id(a, b + c)


def test_the_kind_of_resource_is_part_of_the_id() -> None:
    assert ids.summary_id("s", "p") != ids.research_subject_id("s", "p")


def test_ids_stay_what_they_are() -> None:
    """Changing the scheme would orphan everything that is on FHIR servers already."""
    assert ids.observation_id("apixaban-af/af", "note-1") == "939c201d-4612-58fb-96e1-8290daf05a56"
