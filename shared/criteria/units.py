"""UCUM units, as far as the conversion of a criterion's limit needs them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

# UCUM symbols that pint knows by another name.
_ATOMS = {
    "%": "percent",
    "a": "year",
    "mo": "month",
    "wk": "week",
    "d": "day",
    "h": "hour",
    "min": "minute",
    "L": "liter",
    "l": "liter",
    "mm[Hg]": "mmHg",
    "m[H2O]": "mH2O",
    "Cel": "degC",
    "[degF]": "degF",
    "[in_i]": "inch",
    "[ft_i]": "foot",
    "[lb_av]": "pound",
    "[oz_av]": "ounce",
    "[IU]": "international_unit",
    "U": "enzyme_unit",
    "1": "1",
}
_PREFIXED = re.compile(r"([numckd])(\[IU\]|U|L|l)")
_POWER_OF_TEN = re.compile(r"10[*^](\d+)")
_ATOM = re.compile(r"(.*?[^\d-])(-?\d+)?")
_PREFIXES = {"n": "nano", "u": "micro", "m": "milli", "c": "centi", "k": "kilo", "d": "deci"}


class UnitError(ValueError):
    """A unit that is not understood, or that does not measure the same thing as another."""


def convert(number: float, unit: str, into: str) -> float:
    """`number` of `unit` in the unit `into` (both UCUM). Raises UnitError."""
    if unit == into:
        return number
    import pint  # takes long to load, and most studies compare in the question's own unit

    source, target = _unit(unit), _unit(into)
    try:
        converted = _registry().Quantity(number, source).to(target)
    except pint.DimensionalityError:
        raise UnitError(
            f"{unit!r} cannot be converted to {into!r}: give the limit in {into!r} "
            "(amounts of substance need a molar mass, which a study does not give)"
        ) from None
    return float(round(converted.magnitude, 9))


@cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    registry.define("international_unit = [international_unit]")
    return registry


@cache
def _unit(ucum: str) -> Any:
    import pint

    try:
        if not ucum.isascii():
            raise ValueError
        return _registry().Unit(_in_pint(ucum))
    except (ValueError, TypeError, AttributeError, pint.PintError):
        raise UnitError(
            f"{ucum!r} is not a unit that ChartSift can convert: write it in UCUM, as mg/dL, "
            "10*3/uL, mm[Hg], % or a (year), and the same in question and criterion"
        ) from None


def _in_pint(ucum: str) -> str:
    """`10*3/uL` as `kilo_count / microliter`, `mm[Hg]` as `mmHg`; {annotations} dropped."""
    plain = re.sub(r"\{[^}]*\}", "", ucum)
    terms = re.split(r"([./])", plain)
    return "".join(_operator(term) if term in "./" and term else _term(term) for term in terms)


def _operator(symbol: str) -> str:
    return " / " if symbol == "/" else " * "


def _term(term: str) -> str:
    if not term or term == "1":
        return "dimensionless"
    if power := _POWER_OF_TEN.fullmatch(term):
        return _ten_to_the(int(power[1]))
    if term in _ATOMS:
        return _ATOMS[term]
    match = _ATOM.fullmatch(term)
    if match is None:
        raise ValueError(term)
    atom, exponent = match[1], match[2]
    name = _ATOMS.get(atom) or _prefixed(atom)
    return f"{name} ** {exponent}" if exponent else name


def _prefixed(atom: str) -> str:
    if match := _PREFIXED.fullmatch(atom):
        return _PREFIXES[match[1]] + _ATOMS[match[2]]
    if not re.fullmatch(r"[A-Za-z]+", atom):
        raise ValueError(atom)
    return atom


def _ten_to_the(exponent: int) -> str:
    name = f"ten_to_the_{exponent}"
    registry = _registry()
    if name not in registry:
        registry.define(f"{name} = 1e{exponent}")
    return name
