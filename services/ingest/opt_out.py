"""What follows for ingest when a patient opts out of research."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from services.ingest.ledger import retract
from services.ingest.tables import Note
from shared.database import session
from shared.documents.opt_out import OptOut


async def retract_opted_out(engine: Engine, opt_out: OptOut) -> int:
    """Takes back what was derived from the notes of patients who opted out since."""
    members = sorted(await opt_out.members())

    def retract_all() -> int:
        count = 0
        for start in range(0, len(members), 500):
            with session(engine) as opened:
                living = select(Note).where(
                    col(Note.patient_id).in_(members[start : start + 500]),
                    col(Note.retraction).is_(None),
                )
                for note in opened.exec(living.with_for_update()).all():
                    retract(opened, note, "opted-out", datetime.now(UTC))
                    count += 1
        return count

    return await asyncio.to_thread(retract_all) if members else 0
