"""Numbers in a note: candidates for the value of a numeric question, in the question's unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: n for n, word in enumerate(_ONES)} | {
    word: 10 * n for n, word in enumerate(_TENS, start=2)
}

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\.\d+|\d+"
_CANDIDATE = re.compile(
    rf"(?P<low>\d+(?:\.\d+)?)\s?(?:%\s?)?(?:-|–|to)\s?(?P<high>\d+(?:\.\d+)?)\s?(?:%|percent)"
    rf"|(?P<digits>(?:(?<![\d.]){_DIGITS}))"
    rf"|\b(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<unit>{'|'.join(_ONES[1:10])}))?\b"
    rf"|\b(?P<ones>{'|'.join(_ONES)})\b",
    re.IGNORECASE,
)

# What may follow a number, and the factor that takes it to the unit in the key.
_AFTER: dict[str, tuple[tuple[re.Pattern[str], float], ...]] = {
    "kg": ((re.compile(r"(?:lbs?|pounds?)\b", re.I), 0.45359237),),
    "[lb_av]": ((re.compile(r"(?:kgs?|kilograms?)\b", re.I), 1 / 0.45359237),),
    "cm": (
        (re.compile(r"(?:inches|inch|in)\b", re.I), 2.54),
        (re.compile(r"mm\b", re.I), 0.1),
    ),
    "mm": ((re.compile(r"cm\b", re.I), 10.0),),
    "g/dL": ((re.compile(r"g/L\b"), 0.1),),
    "g": ((re.compile(r"mg\b", re.I), 0.001),),
    "mg": (
        (re.compile(r"(?:g|grams?)\b", re.I), 1000.0),
        (re.compile(r"(?:mcg|ug|µg)\b", re.I), 0.001),
    ),
    "mL": ((re.compile(r"(?:L|liters?|litres?)\b"), 1000.0),),
    "L": ((re.compile(r"(?:mL|cc)\b", re.I), 0.001),),
    "d": (
        (re.compile(r"[- ]?weeks?\b", re.I), 7.0),
        (re.compile(r"[- ]?months?\b", re.I), 30.0),
    ),
    "wk": ((re.compile(r"[- ]?months?\b", re.I), 4.345),),
    "mo": (
        (re.compile(r"[- ]?years?\b", re.I), 12.0),
        (re.compile(r"[- ]?weeks?\b", re.I), 1 / 4.345),
    ),
    "a": ((re.compile(r"[- ]?months?\b", re.I), 1 / 12),),
}
_MICROMOLAR = re.compile(r"(?:umol|µmol|micromol)[a-z]*/L", re.I)
_CREATININE_MICROMOLAR = 88.42  # µmol/L in 1 mg/dL of creatinine, molar mass 113.12 g/mol

# Cell counts are written per microlitre or in thousands: 187,000 or 187 (K).
_THOUSANDS = {"10*3/uL", "10*9/L", "10*3/mm3"}
_THOUSANDS_LIMIT = 2000.0


@dataclass(frozen=True)
class Candidate:
    """A number in the note. start, end: code points. value: as written, before any unit."""

    start: int
    end: int
    value: float


def candidates(text: str) -> list[Candidate]:
    """Every number in `text`, in order: digits, number words up to 99, and percent ranges, which
    count as their middle (`EF 55-60%`)."""
    found = []
    for match in _CANDIDATE.finditer(text):
        found.append(Candidate(match.start(), match.end(), _value(match)))
    return found


def _value(match: re.Match[str]) -> float:
    if match["low"]:
        return (float(match["low"]) + float(match["high"])) / 2
    if match["digits"]:
        return float(match["digits"].replace(",", ""))
    if match["tens"]:
        return float(_WORDS[match["tens"].lower()] + _WORDS.get((match["unit"] or "").lower(), 0))
    return float(_WORDS[match["ones"].lower()])


def in_unit(candidate: Candidate, text: str, unit: str, question: str = "") -> float:
    """The candidate's value in `unit` (UCUM), read from what stands behind it in the note.

    Covers what clinicians mix up in writing: pounds and kilograms, cells and thousands of cells,
    litres and millilitres, and creatinine in µmol/L. A number without a unit is taken to be in
    the unit asked for.
    """
    after = text[candidate.end : candidate.end + 16].lstrip()
    if unit in _THOUSANDS and candidate.value >= _THOUSANDS_LIMIT:
        return candidate.value / 1000
    if unit == "mg/dL" and "creatinine" in question.lower() and _MICROMOLAR.match(after):
        return round(candidate.value / _CREATININE_MICROMOLAR, 2)
    for pattern, factor in _AFTER.get(unit, ()):
        if pattern.match(after):
            return round(candidate.value * factor, 4)
    return candidate.value
