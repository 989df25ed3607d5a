"""Filters of a search as SQL: each is a set of resource keys taken from the index tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, select

from services.fhir.indexing import SEPARATOR, normal, reference_values
from services.fhir.query import DateTest, Filter, Query, token_parts, unescaped
from services.fhir.searchparams import ParamType
from services.fhir.tables import DATE, RESOURCE, VALUE

LAST = "\U0010ffff"
"""Sorts behind every character that a value can hold."""

Condition = ColumnElement[bool]

_R = RESOURCE.c
_V = VALUE.c
_D = DATE.c


def conditions_of(query: Query, base: str) -> list[Condition]:
    """What SQL asks of a current resource that the query matches."""
    conditions: list[Condition] = [_R.kind == query.kind, _R.deleted.is_(False)]
    conditions.extend(_condition(query.kind, filter_, base) for filter_ in query.filters)
    return conditions


def _condition(kind: str, filter_: Filter, base: str) -> Condition:
    if filter_.name == "_id":
        return _R.id.in_(filter_.values)
    if filter_.name == "_lastUpdated":
        # A stamp is one instant of a millisecond.
        stamps = [_date_condition(t, _R.updated, _R.updated + 1000) for t in filter_.dates]
        return or_(*stamps)
    assert filter_.param is not None
    key = f"{kind}.{filter_.name}"
    dated = filter_.param.type is ParamType.DATE
    keys = select(_D.key).where(_D.param == key) if dated else select(_V.key).where(_V.param == key)
    if filter_.modifier == "missing":
        present = _R.key.in_(keys)
        return not_(present) if filter_.values == ("true",) else present
    if dated:
        spans = [_date_condition(test, _D.low, _D.high) for test in filter_.dates]
        return _R.key.in_(keys.where(or_(*spans)))
    tests = [_value_condition(filter_, value, base) for value in filter_.values]
    found = _R.key.in_(keys.where(or_(*tests)))
    return not_(found) if filter_.modifier == "not" else found


def _value_condition(filter_: Filter, value: str, base: str) -> Condition:
    assert filter_.param is not None
    match filter_.param.type:
        case ParamType.TOKEN:
            return _token_condition(token_parts(value))
        case ParamType.REFERENCE:
            return _reference_condition(filter_, unescaped(value), base)
        case ParamType.STRING:
            return _string_condition(filter_.modifier, unescaped(value))
        case _:
            return _V.value == unescaped(value)


def _reference_condition(filter_: Filter, literal: str, base: str) -> Condition:
    if "/" in literal or ":" in literal:
        exact = list(reference_values(literal, base))[-1]
        return _V.value == exact
    if filter_.modifier:
        return _V.value == f"{literal}{SEPARATOR}{filter_.modifier}"
    return _starts_with(f"{literal}{SEPARATOR}")


def _token_condition(parts: list[str]) -> Condition:
    """`code`, `system|code`, `|code` (of no system) or `system|` (any code)."""
    if len(parts) == 1:
        return _starts_with(f"{parts[0]}{SEPARATOR}")
    system, code = parts
    return _V.value == f"{code}{SEPARATOR}{system}"


def _string_condition(modifier: str, text: str) -> Condition:
    if modifier == "exact":
        return _V.value == f"{normal(text)}{SEPARATOR}{text}"
    if modifier == "contains":
        place = func.instr(_V.value, normal(text))
        return place.between(1, func.instr(_V.value, SEPARATOR))
    return _starts_with(normal(text))


def _starts_with(prefix: str) -> Condition:
    return and_(_V.value >= prefix, _V.value < prefix + LAST)


def _date_condition(test: DateTest, low: Any, high: Any) -> Condition:
    span = test.span
    within = and_(low >= span.low, high <= span.high)
    conditions: dict[str, Condition] = {
        "eq": within,
        "ne": not_(within),
        "gt": high > span.high,
        "lt": low < span.low,
        "ge": or_(high > span.high, within),
        "le": or_(low < span.low, within),
        "sa": low >= span.high,
        "eb": high <= span.low,
    }
    return conditions[test.prefix]
