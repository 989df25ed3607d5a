"""When runs are due: a time of day, or the five fields of cron. All in UTC, and pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_PART = re.compile(r"(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")
_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),  # 0 and 7: Sunday
)
_LOOK_BACK = timedelta(days=7)


class ScheduleError(ValueError):
    """A schedule that cannot be read; the message names the field and the cure."""


@dataclass(frozen=True)
class Schedule:
    """Of each field the values that it allows. any_day: whether day of the month, and day of the
    week, are unrestricted; where both are restricted, one that fits is enough, as cron has it."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: tuple[bool, bool]

    def allows(self, moment: datetime) -> bool:
        """Whether a run is due in the minute of `moment` (UTC)."""
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and moment.month in self.months
            and self._allows_day(moment)
        )

    def latest(self, now: datetime, within: timedelta) -> datetime | None:
        """The last due minute at or before `now` (UTC) that is not longer ago than `within`."""
        moment = now.replace(second=0, microsecond=0)
        earliest = now - min(within, _LOOK_BACK)
        while moment >= earliest:
            if self.allows(moment):
                return moment
            moment -= timedelta(minutes=1)
        return None

    def _allows_day(self, moment: datetime) -> bool:
        day, weekday = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        return (day or weekday) if not any(self.any_day) else (day and weekday)


def parse_schedule(text: str) -> Schedule:
    """`HH:MM`, or `minute hour day month weekday` with numbers, `*`, lists, ranges and steps, as
    in `30 2 * * 1-5`. Raises ScheduleError."""
    if clock := _CLOCK.fullmatch(text.strip()):
        text = f"{clock[2]} {clock[1]} * * *"
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ScheduleError(
            f"schedule {text!r} is neither HH:MM nor five fields, as 02:30 or '30 2 * * 1-5' (UTC)"
        )
    minutes, hours, days, months, weekdays = (
        _values(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    any_day = (parts[2].startswith("*"), parts[4].startswith("*"))
    return Schedule(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), any_day)


def _values(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ScheduleError(f"{name} {part!r}: write a number, *, a-b, */n or a list of them")
        every, start, end, step = match.groups()
        first = low if every else int(start)
        last = high if every or (step and not end) else int(end or start)
        if not (low <= first <= last <= high) or step == "0" or (step and int(step) == 0):
            raise ScheduleError(f"{name} {part!r}: it goes from {low} to {high}")
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)
