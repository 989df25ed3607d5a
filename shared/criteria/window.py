"""Look-back windows: `6 months`, or ISO 8601 `P6M`."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

_WORDS = re.compile(r"\s*(\d+)\s*(day|week|month|year)s?\s*")
_ISO = re.compile(r"\s*P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?\s*")


@dataclass(frozen=True)
class LookBack:
    """Calendar months and days to look back."""

    months: int
    days: int

    def start(self, as_of: date) -> date:
        """The first day that still counts; 31 August less six months is 28 (29) February."""
        year, month = divmod(as_of.year * 12 + as_of.month - 1 - self.months, 12)
        if year < 1:
            return date.min
        day = min(as_of.day, monthrange(year, month + 1)[1])
        try:
            return date(year, month + 1, day) - timedelta(days=self.days)
        except OverflowError:
            return date.min

    def __str__(self) -> str:
        parts = (f"{self.months}M" if self.months else "", f"{self.days}D" if self.days else "")
        return "P" + "".join(parts)


def parse_look_back(text: Any) -> LookBack:
    """Raises ValueError with the forms that are understood."""
    if isinstance(text, LookBack):
        return text
    years = months = weeks = days = 0
    if isinstance(text, str) and (match := _WORDS.fullmatch(text)):
        count = int(match[1])
        years, months, weeks, days = (
            count if match[2] == unit else 0 for unit in ("year", "month", "week", "day")
        )
    elif isinstance(text, str) and (match := _ISO.fullmatch(text)):
        years, months, weeks, days = (int(part or 0) for part in match.groups())
    window = LookBack(months=12 * years + months, days=7 * weeks + days)
    if window == LookBack(0, 0):
        raise ValueError(f"{text!r} is no look-back window: write `6 months`, `1 year` or `P6M`")
    return window


Within = Annotated[
    LookBack,
    PlainValidator(parse_look_back),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["6 months", "P6M"]}),
]
