from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.window import LookBack, parse_look_back


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("6 months", LookBack(6, 0)),
        ("1 year", LookBack(12, 0)),
        ("2 weeks", LookBack(0, 14)),
        ("P6M", LookBack(6, 0)),
        ("P1Y2M10D", LookBack(14, 10)),
        ("P2W", LookBack(0, 14)),
    ],
)
def test_words_and_iso_durations_are_understood(text: str, window: LookBack) -> None:
    assert parse_look_back(text) == window


@pytest.mark.parametrize("text", ["6 moons", "P", "0 days", "", "P0D", "-3 months", 6, None])
def test_anything_else_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match=r"write `6 months`"):
        parse_look_back(text)


@given(st.integers(0, 200), st.integers(0, 500))
def test_written_form_reads_back(months: int, days: int) -> None:
    window = LookBack(months, days)
    if window != LookBack(0, 0):
        assert parse_look_back(str(window)) == window


def test_a_month_ends_where_the_shorter_month_ends() -> None:
    assert parse_look_back("6 months").start(date(2026, 8, 31)) == date(2026, 2, 28)
    assert parse_look_back("1 year").start(date(2024, 2, 29)) == date(2023, 2, 28)


@given(st.dates(), st.integers(0, 30_000), st.integers(0, 10**10))
def test_every_window_starts_on_or_before_its_end(as_of: date, months: int, days: int) -> None:
    assert LookBack(months, days).start(as_of) <= as_of
