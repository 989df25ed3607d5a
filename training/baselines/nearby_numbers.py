"""Numbers that stand near a keyword, in the unit asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass

# UCUM unit -> how notes write it. The first number is what a value so written is multiplied by.
_WRITTEN: dict[str, tuple[tuple[float, str], ...]] = {
    "%": ((1, r"%|percent"),),
    "a": ((1, r"years?|yrs?|y/o|yo\b"),),
    "mo": ((1, r"months?|mos?\b"),),
    "wk": ((1, r"weeks?|wks?"),),
    "d": ((1, r"days?"),),
    "h": ((1, r"hours?|hrs?"),),
    "min": ((1, r"minutes?|mins?"),),
    "ms": ((1, r"msec|ms\b|milliseconds?"),),
    "mg/dL": ((1, r"mg/dl|mg%|mg per deciliter"),),
    "g/dL": ((1, r"gm?/dl|grams per deciliter"), (0.1, r"g/l\b")),
    "10*3/uL": (
        (1, r"k\b|k/ul|x ?10[*^e]?3|thou|10\*3"),
        (0.001, r"/ul|/mm3|/mcl|per microliter"),
    ),
    "mm[Hg]": ((1, r"mm ?hg"),),
    "U/L": ((1, r"[iu]?u/l|units/l"),),
    "mmol/L": ((1, r"mmol/l|meq/l"),),
    "ng/mL": ((1, r"ng/ml"),),
    "pg/mL": ((1, r"pg/ml"),),
    "kg/m2": ((1, r"kg/m"),),
    "kg": ((1, r"kgs?\b|kilograms?"),),
    "[lb_av]": ((1, r"lbs?\b|pounds?"),),
    "mg": ((1, r"mg\b|milligrams?"), (1000, r"g\b|grams?")),
    "ug": ((1, r"mcg|ug\b|µg|micrograms?"),),
    "mL": ((1, r"ml\b|cc\b"),),
    "cm": ((1, r"cm\b|centimeters?"), (0.1, r"mm\b")),
    "mm": ((1, r"mm\b|millimeters?"), (10, r"cm\b")),
    "{beats}/min": ((1, r"bpm|beats"),),
    "{pack-years}": ((1, r"pack|pk"),),
}
_ANY_UNIT = re.compile("|".join(form for forms in _WRITTEN.values() for _, form in forms), re.I)
# A bare number near the keyword is no dose, length or duration.
_MUST_BE_WRITTEN = frozenset({"a", "mo", "wk", "d", "h", "min", "mg", "ug", "mL", "cm", "mm", "kg"})

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
# Nothing but words between keyword and number; a date is passed over; no date is a value.
_AFTER = re.compile(
    r"(?:[^\d\n.;]|\.(?!\s)(?!\d)|\n(?!\s*\n)|\(?\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b\)?){0,40}?"
    rf"(?<![\d/.])(?P<number>{_NUMBER})(?!\d|/\d|\.\d|-\d+-)"
)
_BEFORE = re.compile(
    rf"(?<![\d/.,-])(?P<number>{_NUMBER})(?P<unit>[\s-]*[a-z%/]{{0,8}}[\s-]*)$", re.I
)
_PRESSURE = re.compile(r"[^\d\n]{0,30}(\d{2,3})\s?/\s?(\d{2,3})\b")
_AGE = re.compile(
    r"\b(\d{1,3})[- ]?(?:years?|yrs?|y)[-/. ]*(?:old|o)\b|\bage[d:]?\s*(\d{1,3})\b"
    r"|\b(\d{1,3})\s?[MF]\b",
    re.I,
)
REACH = 60


@dataclass(frozen=True)
class FoundNumber:
    """start, end: of the number in the text, in code points."""

    value: float
    start: int
    end: int


def near(text: str, start: int, end: int, unit: str) -> FoundNumber | None:
    """The number after the keyword text[start:end], else the one directly before it."""
    after = _AFTER.match(text, end, end + REACH)
    if after is not None:
        value = _in_unit(after["number"], text[after.end() : after.end() + 20], unit)
        if value is not None:
            return FoundNumber(value, after.start("number"), after.end())
    before = _BEFORE.search(text[max(0, start - 20) : start])
    if before is not None:
        value = _in_unit(before["number"], before["unit"], unit)
        if value is not None:
            shift = max(0, start - 20)
            return FoundNumber(value, shift + before.start("number"), shift + before.end("number"))
    return None


def pressure(text: str, end: int, *, systolic: bool) -> FoundNumber | None:
    """One side of the 120/80 that follows."""
    match = _PRESSURE.match(text, end)
    if match is None:
        return None
    group = 1 if systolic else 2
    return FoundNumber(float(match[group]), match.start(group), match.end(group))


def age(text: str) -> FoundNumber | None:
    """The first age in the note: nearly always the patient's."""
    match = _AGE.search(text)
    if match is None:
        return None
    group = match.lastindex or 1
    return FoundNumber(float(match[group]), match.start(group), match.end(group))


def _in_unit(number: str, follows: str, unit: str) -> float | None:
    """None: written in another unit, or without the unit that it must have."""
    value = float(number.replace(",", ""))
    written = follows.lstrip(" -")
    for factor, form in _WRITTEN.get(unit, ()):
        if re.match(form, written, re.I):
            return _thousands(round(value * factor, 6), unit)
    if unit in _MUST_BE_WRITTEN or _ANY_UNIT.match(written):
        return None
    return _thousands(value, unit)


def _thousands(value: float, unit: str) -> float:
    """A count of cells above 2,000 thousand is one of single cells."""
    return value / 1000 if unit == "10*3/uL" and value > 2000 else value
