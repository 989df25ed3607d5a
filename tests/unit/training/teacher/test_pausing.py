"""How long to wait before asking again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.teacher.pausing import LONGEST_RETRY_AFTER, pause, read_retry_after

NOW = datetime(2026, 10, 31, 12, 0, tzinfo=UTC)


@given(st.integers(1, 10_000))
def test_pauses_double_up_to_the_longest(attempt: int) -> None:
    full = min(2.0 ** min(attempt - 1, 10), 60.0)
    assert full / 2 <= pause(attempt, first=1, longest=60) <= full


def test_what_the_server_asks_for_counts_instead() -> None:
    assert pause(1, first=1, longest=60, retry_after=90) == 90
    assert pause(1, first=1, longest=60, retry_after=1e9) == LONGEST_RETRY_AFTER


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("20", 20),
        ("0.5", 0.5),
        ("Sat, 31 Oct 2026 12:00:30 GMT", 30),
        ("Sat, 31 Oct 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header, NOW) == seconds


@given(st.text())
def test_no_header_raises(header: str) -> None:
    read_retry_after(header, NOW)
