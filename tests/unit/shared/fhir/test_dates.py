"""FHIR dates as spans of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.dates import date_span, instant, microseconds


def at(*parts: int) -> int:
    return microseconds(datetime(*parts, tzinfo=UTC))  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", at(2026, 1, 1), at(2027, 1, 1)),
        ("2024-02", at(2024, 2, 1), at(2024, 3, 1)),
        ("2025-12", at(2025, 12, 1), at(2026, 1, 1)),
        ("2026-12-31", at(2026, 12, 31), at(2027, 1, 1)),
        ("2026-01-01T10:00Z", at(2026, 1, 1, 10), at(2026, 1, 1, 10, 1)),
        ("2026-01-01T10:00:00+02:00", at(2026, 1, 1, 8), at(2026, 1, 1, 8, 0, 1)),
        ("2026-01-01T10:00:00.5Z", at(2026, 1, 1, 10) + 500_000, at(2026, 1, 1, 10) + 600_000),
    ],
)
def test_a_date_covers_all_it_may_mean(text: str, low: int, high: int) -> None:
    assert date_span(text) == (low, high)


@pytest.mark.parametrize(
    "text",
    ["", "26", "2026-1", "2026-13", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01T10",
     "2026-01-01T10:00:00+99:00", "2026-01-01 10:00", "yesterday", "٢٠٢٦x"],
)  # fmt: skip
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="not a") as caught:
        date_span(text)
    assert not text or text not in str(caught.value)


def test_the_last_year_there_is_has_a_span() -> None:
    assert date_span("9999").low < date_span("9999").high


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_is_read_back_as_the_same_moment(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    aware = aware.replace(microsecond=aware.microsecond // 1000 * 1000)
    assert date_span(instant(microseconds(aware))).low == microseconds(aware)
    assert date_span(aware.isoformat(timespec="milliseconds")).low == microseconds(aware)
