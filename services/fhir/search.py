"""Searches: one page of matches in a stable order, with what they include.

A cursor holds the position of the last match, so that writes between two pages neither repeat
nor lose a match; only `_sort=-_lastUpdated` can miss what is updated meanwhile (it moves to the
front).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from services.fhir.conditions import LAST, Condition, conditions_of
from services.fhir.includes import included
from services.fhir.indexing import FOREVER
from services.fhir.outcome import Fault, fault
from services.fhir.query import Order, Query
from services.fhir.searchparams import PARAMETERS, ParamType
from services.fhir.store import Stored, Transaction
from services.fhir.tables import DATE, RESOURCE, VALUE

_R = RESOURCE.c
_V = VALUE.c
_D = DATE.c
_WIDTH = len(_R)


@dataclass(frozen=True)
class Page:
    """total: None where it was not counted. cursor: of the next page, None on the last."""

    matches: list[Stored]
    included: list[Stored]
    total: int | None
    cursor: str | None


def run(transaction: Transaction, query: Query) -> Page:
    """One page of a search. Raises Fault 400 for a cursor that is not of this search."""
    conditions = conditions_of(query, transaction.base)
    if query.count_only:
        return Page([], [], _total(transaction, conditions), None)
    sorts = [*(_sort(query.kind, order) for order in query.order), (_R.key, False)]
    statement = select(RESOURCE, *(column for column, _ in sorts[:-1]))
    statement = statement.where(*conditions)
    if query.cursor is not None:
        statement = statement.where(_after(sorts, _read_cursor(query)))
    statement = statement.order_by(*(c.desc() if down else c.asc() for c, down in sorts))
    rows = transaction.connection.execute(statement.limit(query.count + 1)).all()
    page = rows[: query.count]
    matches = [_as_stored(row) for row in page]
    cursor = None
    if len(rows) > query.count:
        cursor = _write_cursor(query, [*page[-1][_WIDTH:], page[-1][0]])
    total: int | None = None
    if (query.cursor is None and query.total != "none") or query.total == "accurate":
        whole = cursor is None and query.cursor is None
        total = len(matches) if whole else _total(transaction, conditions)
    return Page(matches, included(transaction, query, matches), total, cursor)


def find(transaction: Transaction, query: Query, limit: int = 2) -> list[Stored]:
    """The first matches of a search, for conditional interactions and references."""
    conditions = conditions_of(query, transaction.base)
    statement = select(RESOURCE).where(*conditions)
    rows = transaction.connection.execute(statement.order_by(_R.key).limit(limit)).all()
    return [_as_stored(row) for row in rows]


def is_match(transaction: Transaction, query: Query, key: int) -> bool:
    """Whether the resource of that key is found by the search now."""
    conditions = [_R.key == key, *conditions_of(query, transaction.base)]
    return transaction.connection.scalar(select(_R.key).where(*conditions)) is not None


def _as_stored(row: Sequence[Any]) -> Stored:
    return Stored(*row[:_WIDTH])


def _total(transaction: Transaction, conditions: Sequence[Condition]) -> int:
    return transaction.connection.scalar(select(func.count(_R.key)).where(*conditions)) or 0


def _sort(kind: str, order: Order) -> tuple[ColumnElement[Any], bool]:
    """What has no value comes last in either direction."""
    if order.name == "_id":
        return _R.id, order.descending
    if order.name == "_lastUpdated":
        return _R.updated, order.descending
    key = f"{kind}.{order.name}"
    pick = func.max if order.descending else func.min
    date = select(pick(_D.high if order.descending else _D.low)).where(
        _D.param == key, _D.key == _R.key
    )
    string = select(pick(_V.value)).where(_V.param == key, _V.key == _R.key)
    if PARAMETERS[kind][order.name].type is ParamType.DATE:
        nothing: Any = FOREVER.low if order.descending else FOREVER.high
        return func.coalesce(date.scalar_subquery(), nothing), order.descending
    return func.coalesce(string.scalar_subquery(), "" if order.descending else LAST), (
        order.descending
    )


def _after(sorts: Sequence[tuple[ColumnElement[Any], bool]], position: list[Any]) -> Condition:
    """Strictly after `position` in the order of `sorts`."""
    if len(position) != len(sorts):
        raise _bad_cursor()
    alternatives = []
    for index, (column, down) in enumerate(sorts):
        same = [c == value for (c, _), value in zip(sorts[:index], position, strict=False)]
        beyond = column < position[index] if down else column > position[index]
        alternatives.append(and_(*same, beyond))
    return or_(*alternatives)


def _search_mark(query: Query) -> str:
    told = json.dumps([query.kind, query.used])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _write_cursor(query: Query, position: list[Any]) -> str:
    text = json.dumps([_search_mark(query), *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(query: Query) -> list[Any]:
    cursor = query.cursor or ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position: list[Any]
        mark, *position = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (binascii.Error, ValueError, TypeError):
        raise _bad_cursor() from None
    scalars = all(
        isinstance(value, str) or (isinstance(value, int) and abs(value) < 2**63)
        for value in position
    )
    if mark != _search_mark(query) or not scalars:
        raise _bad_cursor()
    return position


def _bad_cursor() -> Fault:
    return fault(400, "value", "this page link is not of this search; start the search again")
