"""Which numbers of a note can be the value of a question at all, by how clinicians write them."""

from __future__ import annotations

import re

from shared.students.encoder.numbers import Candidate

# A blood pressure stands as systolic/diastolic; limits in mmHg, wide enough for shock and crisis.
_PRESSURE_AFTER = re.compile(r"\s?/\s?(\d{2,3})(?!\d|/)")
_PRESSURE_BEFORE = re.compile(r"(?<![\d/])(\d{2,3})\s?/\s?$")
_SYSTOLIC, _DIASTOLIC = (50, 300), (20, 200)

_PERCENT = re.compile(r"\s?(?:%|percent\b)", re.I)


def plausible(candidate: Candidate, text: str, unit: str, question: str) -> bool:
    """Whether the number can answer `question` in `unit`: the right side of a blood pressure,
    and no percentage where another unit is asked for."""
    after = text[candidate.end : candidate.end + 10]
    if unit != "%" and _PERCENT.match(after):
        return False
    words = question.lower()
    if unit == "mm[Hg]" and "blood pressure" in words:
        if "diastolic" in words:
            before = _PRESSURE_BEFORE.search(text[max(0, candidate.start - 6) : candidate.start])
            return before is not None and _pressure(float(before[1]), candidate.value)
        if "systolic" in words:
            partner = _PRESSURE_AFTER.match(after)
            return partner is not None and _pressure(candidate.value, float(partner[1]))
    return True


def _pressure(systolic: float, diastolic: float) -> bool:
    inside = _SYSTOLIC[0] <= systolic <= _SYSTOLIC[1] and _DIASTOLIC[0] <= diastolic
    return inside and diastolic <= min(systolic, _DIASTOLIC[1])
