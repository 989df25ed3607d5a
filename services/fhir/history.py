"""History of a resource, a type or everything: versions, newest first, in pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, literal, select, tuple_, union_all

from services.fhir import bundle, store
from services.fhir.interactions import require_served
from services.fhir.outcome import fault
from services.fhir.query import CURSOR, DEFAULT_COUNT, MOST_COUNT
from services.fhir.store import Stored, Transaction
from services.fhir.tables import PAST, RESOURCE
from shared.fhir.dates import date_span


def history(
    transaction: Transaction, kind: str | None, id: str | None, pairs: Sequence[tuple[str, str]]
) -> str:
    """The history Bundle as JSON. pairs: _count, _since and the cursor of a next link.

    Raises Fault 404 for a resource that never was, 400 for parameters that cannot be read.
    """
    params = dict(pairs)
    count, since, after = _count(params), _since(params), _cursor(params)
    conditions: list[Any] = [literal(True)]
    if kind is not None:
        require_served(kind)
        conditions.append(RESOURCE.c.kind == kind)
    if id is not None:
        if kind is None or store.current(transaction, kind, id) is None:
            raise fault(404, "not-found", "there is no such resource")
        conditions.append(RESOURCE.c.id == id)
    past = [RESOURCE.c[c.name] if c.name in ("key", "kind", "id") else PAST.c[c.name]
            for c in RESOURCE.c]  # fmt: skip
    versions = union_all(
        select(RESOURCE).where(*conditions),
        select(*past).join(RESOURCE, RESOURCE.c.key == PAST.c.key).where(*conditions),
    ).subquery()
    v = versions.c
    wanted = [v.updated >= since] if since is not None else []
    place = tuple_(v.updated, v.key, v.version)
    page = select(versions).where(*wanted)
    if after is not None:
        page = page.where(place < tuple_(*after))
    page = page.order_by(v.updated.desc(), v.key.desc(), v.version.desc()).limit(count + 1)
    rows = [Stored(*row) for row in transaction.connection.execute(page)]
    counted = select(func.count()).select_from(select(v.key).where(*wanted).subquery())
    total = transaction.connection.scalar(counted) or 0
    links = {"self": _link(transaction.base, kind, id, params)}
    if len(rows) > count:
        last = rows[count - 1]
        mark = f"{last.updated}-{last.key}-{last.version}"
        links["next"] = _link(transaction.base, kind, id, params | {CURSOR: mark})
    return bundle.history(rows[:count], links, total, transaction.base)


def _link(base: str, kind: str | None, id: str | None, params: dict[str, str]) -> str:
    address = "/".join(part for part in (base, kind, id, "_history") if part)
    used = {k: v for k, v in params.items() if k in ("_count", "_since", CURSOR)}
    return f"{address}?{urlencode(used)}" if used else address


def _count(params: dict[str, str]) -> int:
    text = params.get("_count", str(DEFAULT_COUNT))
    if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
        raise fault(400, "value", "_count is a number of versions per page")
    return min(int(text), MOST_COUNT)


def _since(params: dict[str, str]) -> int | None:
    text = params.get("_since")
    if text is None:
        return None
    try:
        return date_span(re.sub(r" (?=\d\d:\d\d$)", "+", text)).low
    except ValueError as error:
        raise fault(400, "value", f"_since: {error}") from None


def _cursor(params: dict[str, str]) -> tuple[int, int, int] | None:
    text = params.get(CURSOR)
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,18})-(\d{1,18})-(\d{1,9})", text, re.ASCII)
    if match is None:
        raise fault(400, "value", "this page link is not of a history; start again")
    return int(match[1]), int(match[2]), int(match[3])
