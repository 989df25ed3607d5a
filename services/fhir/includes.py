"""_include and _revinclude: resources that the matches refer to, or that refer to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, and_, select

from services.fhir.conditions import Condition
from services.fhir.indexing import SEPARATOR
from services.fhir.query import Include, Query
from services.fhir.store import Stored, Transaction
from services.fhir.tables import RESOURCE, VALUE

_R = RESOURCE.c
_V = VALUE.c
_BOUND_AT_ONCE = 500  # well below SQLite's limit of bound variables


def included(transaction: Transaction, query: Query, matched: list[Stored]) -> list[Stored]:
    """Each once, and none that is a match itself."""
    seen = {stored.key for stored in matched}
    collected: list[Stored] = []
    fresh = matched
    first = True
    while fresh:
        found: list[Stored] = []
        for include in query.includes:
            if first or include.iterate:
                sources = [s.key for s in fresh if s.kind == include.source]
                found.extend(_targets(transaction, include, sources))
        for include in query.revincludes if first else ():
            found.extend(_referrers(transaction, include, fresh))
        fresh = []
        for stored in found:
            if stored.key not in seen:
                seen.add(stored.key)
                fresh.append(stored)
        collected.extend(fresh)
        first = False
    return collected


def _targets(transaction: Transaction, include: Include, keys: list[int]) -> Iterable[Stored]:
    wanted: dict[str, set[str]] = {}
    for part in _parts(keys):
        statement = select(_V.value).where(
            _V.param == f"{include.source}.{include.param}", _V.key.in_(part)
        )
        for value in transaction.connection.scalars(statement):
            pieces = value.split(SEPARATOR)
            if len(pieces) == 2 and include.target in ("", pieces[1]):
                wanted.setdefault(pieces[1], set()).add(pieces[0])
    for kind, ids in wanted.items():
        for some in _parts(sorted(ids)):
            yield from _fetch(transaction, and_(_R.kind == kind, _R.id.in_(some)))


def _referrers(transaction: Transaction, include: Include, fresh: list[Stored]) -> Iterable[Stored]:
    for part in _parts([f"{stored.id}{SEPARATOR}{stored.kind}" for stored in fresh]):
        keys: Select[Any] = select(_V.key).where(
            _V.param == f"{include.source}.{include.param}", _V.value.in_(part)
        )
        yield from _fetch(transaction, _R.key.in_(keys))


def _fetch(transaction: Transaction, condition: Condition) -> Iterable[Stored]:
    statement = select(RESOURCE).where(condition, _R.deleted.is_(False))
    for row in transaction.connection.execute(statement.order_by(_R.key)):
        yield Stored(**row._mapping)


def _parts(items: list[Any]) -> Iterable[list[Any]]:
    return (items[i : i + _BOUND_AT_ONCE] for i in range(0, len(items), _BOUND_AT_ONCE))
