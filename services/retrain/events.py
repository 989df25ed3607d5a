"""Lines of progress of a run, numbered from 1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from services.retrain.tables import EventRow
from shared.database import session

LONGEST_LINE = 1_000
"""Characters; a longer line is cut."""


def append(tx: Session, run_id: str, lines: Sequence[str]) -> None:
    """The caller holds the run's row, or is the only one to know of it: numbers do not clash."""
    if not lines:
        return
    last = tx.exec(select(func.max(EventRow.number)).where(EventRow.run_id == run_id)).one() or 0
    now = datetime.now(UTC)
    tx.add_all(
        EventRow(run_id=run_id, number=number, at=now, line=line[:LONGEST_LINE])
        for number, line in enumerate(lines, last + 1)
    )


def after(engine: Engine, run_id: str, number: int, limit: int) -> Sequence[EventRow]:
    """Those after `number`, oldest first."""
    with session(engine, read_only=True) as tx:
        return tx.exec(
            select(EventRow)
            .where(EventRow.run_id == run_id, EventRow.number > number)
            .order_by(col(EventRow.number))
            .limit(limit)
        ).all()
