"""How long to wait before asking again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = 3600.0
"""Seconds; a server that asks for more is asked earlier."""


def pause(attempt: int, first: float, longest: float, retry_after: float | None = None) -> float:
    """Seconds after the attempt (from 1): doubled each time and scattered over the upper half, so
    that many requests do not come back together. retry_after: what the server asked for."""
    if retry_after is not None:
        return min(retry_after, LONGEST_RETRY_AFTER)
    grown = first * 2.0 ** min(attempt - 1, 30)
    return min(grown, longest) * random.uniform(0.5, 1.0)


def read_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header: a number or an HTTP date. None: absent, not readable."""
    if value is None:
        return None
    if value.strip().replace(".", "", 1).isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
