"""Puts pushed DocumentReferences on the FHIR server, as often as it takes."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

from sqlalchemy import Engine

from services.ingest import deposits
from services.ingest.outbox import say
from services.ingest.tables import Deposit, Note, NoteState
from shared.database import session
from shared.documents.document import moment
from shared.fhir.client import FhirClient, FhirConflict, FhirError, FhirUnavailable, Resource

AT_ONCE = 8  # requests to the FHIR server


async def store_due(engine: Engine, fhir: FhirClient) -> int:
    """Stores what is due, a handful at once, and returns how many it tried.

    What is stored is queued in the same transaction; what the server cannot take now is tried
    again later; what it refuses has failed, and its note says why.
    """
    due = await asyncio.to_thread(_due, engine)
    await asyncio.gather(*(_store(engine, fhir, deposit) for deposit in due))
    return len(due)


def _due(engine: Engine) -> list[Deposit]:
    with session(engine, read_only=True) as opened:
        return deposits.due(opened, datetime.now(UTC), AT_ONCE)


async def _store(engine: Engine, fhir: FhirClient, deposit: Deposit) -> None:
    try:
        stored = await fhir.put(json.loads(deposit.resource))
    except (FhirUnavailable, FhirConflict) as error:
        wait = error.retry_after if isinstance(error, FhirUnavailable) else None
        await asyncio.to_thread(_postpone, engine, deposit, wait)
    except FhirError as error:
        await asyncio.to_thread(_park, engine, deposit, error)
    else:
        await asyncio.to_thread(_stored, engine, deposit, stored)


def _postpone(engine: Engine, deposit: Deposit, wait: float | None) -> None:
    with session(engine) as opened:
        deposits.postpone(opened, deposit, datetime.now(UTC), wait)


def _park(engine: Engine, deposit: Deposit, error: FhirError) -> None:
    reason = (
        f"The FHIR server refuses the DocumentReference ({error}). Correct it and send it again, "
        f"or, once the server takes it, POST /notes/{deposit.document_id}/retry."
    )
    with session(engine) as opened:
        deposits.park(opened, deposit, reason, datetime.now(UTC))


def _stored(engine: Engine, deposit: Deposit, stored: Resource) -> None:
    meta = stored.get("meta") or {}
    with session(engine) as opened:
        row = deposits.take_back(opened, deposit)
        note = opened.get(Note, deposit.document_id, with_for_update=True)
        if row is None or note is None:
            return  # something newer was pushed meanwhile and is stored in its turn
        opened.delete(row)
        note.version_id = meta.get("versionId")
        note.last_updated = moment(meta["lastUpdated"]) if "lastUpdated" in meta else None
        if note.state == NoteState.RECEIVED:
            say(opened, note)
