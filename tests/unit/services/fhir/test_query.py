"""Reading a search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fhir.outcome import Fault
from services.fhir.query import MOST_COUNT, parse, parse_pairs, token_parts


def test_commas_are_alternatives_and_repetition_is_and() -> None:
    query = parse("Observation", [("status", "final,amended"), ("status", "final")], strict=True)
    assert [f.values for f in query.filters] == [("final", "amended"), ("final",)]


def test_escaped_separators_belong_to_the_value() -> None:
    query = parse("Patient", [("identifier", r"s|a\,b")], strict=True)
    assert token_parts(query.filters[0].values[0]) == ["s", "a,b"]
    assert token_parts(r"a\|b") == ["a|b"]


def test_a_plus_that_arrived_as_a_space_is_put_right() -> None:
    (pair,) = parse_pairs("date=ge2026-01-01T10:00:00+02:00")
    (test,) = parse("Observation", [pair], strict=True).filters[0].dates
    (same,) = (
        parse("Observation", [("date", "ge2026-01-01T08:00:00Z")], strict=True).filters[0].dates
    )
    assert test == same


def test_unknown_names_and_modifiers_are_ignored_or_refused() -> None:
    pairs = [("nonsense", "1"), ("status:above", "x"), ("status", "final")]
    query = parse("Observation", pairs, strict=False)
    assert query.ignored == ("nonsense", "status:above")
    assert query.used == (("status", "final"),)
    with pytest.raises(Fault) as caught:
        parse("Observation", pairs, strict=True)
    assert caught.value.status == 400


def test_an_empty_parameter_says_nothing() -> None:
    assert parse("Patient", [("identifier", "")], strict=True).filters == ()


def test_a_page_has_an_upper_bound() -> None:
    assert parse("Patient", [("_count", "999999")], strict=True).count == MOST_COUNT


def test_count_zero_asks_for_the_total_alone() -> None:
    assert parse("Patient", [("_count", "0")], strict=True).count_only


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["date", "status", "_sort", "_count", "_include", "subject:Patient",
                             "_lastUpdated", "code:missing", "_summary", "_revinclude"]),
            st.text(max_size=12),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_whatever_is_asked_is_understood_or_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        parse("Observation", pairs, strict=False)
    except Fault as refused:
        assert refused.status == 400
