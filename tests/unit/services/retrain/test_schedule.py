"""When a run is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.retrain.schedule import ScheduleError, parse_schedule

DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_time_of_day_is_due_every_day() -> None:
    nightly = parse_schedule("02:30")

    assert nightly.latest(at("2026-11-25 09:00"), DAY) == at("2026-11-25 02:30")
    assert nightly.latest(at("2026-11-25 02:29:59"), DAY) == at("2026-11-24 02:30")


def test_it_is_due_in_its_very_minute() -> None:
    assert parse_schedule("2:30").latest(at("2026-11-25 02:30:01"), DAY) == at("2026-11-25 02:30")


def test_what_is_too_long_ago_is_not_due_any_more() -> None:
    hour = timedelta(hours=1)

    assert parse_schedule("02:30").latest(at("2026-11-25 03:31"), hour) is None
    assert parse_schedule("02:30").latest(at("2026-11-25 03:30"), hour) is not None


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        ("*/15 * * * *", "2026-11-25 09:44", "2026-11-25 09:30"),
        ("0 22-23 * * *", "2026-11-25 01:00", "2026-11-24 23:00"),
        ("0 3 * * 1-5", "2026-11-29 12:00", "2026-11-27 03:00"),  # a Sunday
        ("0 3 * * 7", "2026-11-29 12:00", "2026-11-29 03:00"),
        ("0 3 * * 0", "2026-11-29 12:00", "2026-11-29 03:00"),
        ("0 3 24 * *", "2026-11-25 12:00", "2026-11-24 03:00"),
        ("0 3 20 * 1", "2026-11-25 12:00", "2026-11-23 03:00"),  # one that fits is enough
        ("5,35 3 * 11 *", "2026-11-25 03:20", "2026-11-25 03:05"),
        ("10/20 3 * * *", "2026-11-25 03:40", "2026-11-25 03:30"),
    ],
)
def test_the_fields_of_cron_are_understood(schedule: str, now: str, due: str) -> None:
    assert parse_schedule(schedule).latest(at(now), 7 * DAY) == at(due)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "24:00",
        "2",
        "nightly",
        "60 * * * *",
        "* * 0 * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "a b c d e",
    ],
)
def test_anything_else_is_refused_with_the_cure(schedule: str) -> None:
    with pytest.raises(ScheduleError):
        parse_schedule(schedule)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except ScheduleError:
        return
    now = at("2026-11-25 12:00:30")
    due = schedule.latest(now, DAY)
    assert due is None or (due <= now and schedule.allows(due))


@given(st.integers(0, 23), st.integers(0, 59), st.datetimes(min_value=datetime(2020, 1, 1)))
def test_a_time_of_day_is_always_due_within_a_day(hour: int, minute: int, now: datetime) -> None:
    due = parse_schedule(f"{hour:02}:{minute:02}").latest(now, DAY)
    assert due is not None
    assert now - DAY <= due <= now
