"""FHIR dates as spans: a date of less precision stands for everything it may mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_DATE: Final = re.compile(
    r"^(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?$"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Span(NamedTuple):
    """Microseconds since 1970 UTC; low belongs to it, high is the first that does not."""

    low: int
    high: int


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 UTC to an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(since_1970: int) -> str:
    """A FHIR instant in UTC, to the millisecond, of microseconds since 1970."""
    moment = _EPOCH + since_1970 * _MICROSECOND
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def date_span(text: str) -> Span:
    """What a FHIR date, dateTime or instant covers. Without time zone it is taken as UTC.

    Raises ValueError for anything else, without repeating it.
    """
    match = _DATE.match(text)
    if match is None:
        raise ValueError("not a FHIR date: give YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ")
    try:
        return _span_of(match)
    except (ValueError, OverflowError):
        raise ValueError("not a date of the calendar") from None


def _span_of(match: re.Match[str]) -> Span:
    part = {name: int(match[name]) for name in ("year", "month", "day", "hour", "minute")
            if match[name] is not None}  # fmt: skip
    # A leap second is the last moment of its minute.
    second = min(int(match["second"] or 0), 59)
    fraction = match["fraction"] or ""
    start = datetime(
        part["year"], part.get("month", 1), part.get("day", 1), part.get("hour", 0),
        part.get("minute", 0), second, int(fraction[:6].ljust(6, "0")), tzinfo=UTC,
    )  # fmt: skip
    low = microseconds(start) - _offset(match["zone"])
    if match["month"] is None:
        length = microseconds(_first_of(part["year"] + 1, 1)) - low
    elif match["day"] is None:
        year, month = (part["year"], part["month"] + 1)
        following = _first_of(year, month) if month <= 12 else _first_of(year + 1, 1)
        length = microseconds(following) - low
    elif match["hour"] is None:
        length = 86_400_000_000
    elif match["second"] is None:
        length = 60_000_000
    else:
        length = 10 ** (6 - min(len(fraction), 6))
    return Span(low, low + length)


def _first_of(year: int, month: int) -> datetime:
    # The year after 9999 has no datetime; its last moment will do.
    return (
        datetime(year, month, 1, tzinfo=UTC) if year <= 9999 else datetime.max.replace(tzinfo=UTC)
    )


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError
    sign = -1 if zone[0] == "-" else 1
    return sign * (hours * 60 + minutes) * 60_000_000
