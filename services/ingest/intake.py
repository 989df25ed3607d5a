"""Taking a note in: read, check, enter into the ledger. What returns is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from services.ingest.ledger import Result, Submission, record
from services.ingest.tables import Note
from shared.database import session
from shared.documents.attachment import the_note
from shared.documents.content import read_text
from shared.documents.document import read_document, retraction
from shared.documents.identity import document_id
from shared.documents.opt_out import OptOut
from shared.documents.structure import check_structure
from shared.fhir.client import FhirClient


class Intake:
    """One for all doors and the sweep.

    limit: bytes of an attachment, decoded; on_record: called after something was entered, to
    wake what carries it on.
    """

    def __init__(
        self,
        engine: Engine,
        fhir: FhirClient,
        opt_out: OptOut,
        *,
        limit: int,
        on_record: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._fhir = fhir
        self._base = fhir.base_url
        self._limit = limit
        self._opt_out = opt_out
        self._on_record = on_record

    async def read(self, resource: Any, *, pushed: bool) -> Submission:
        """Checks one DocumentReference. pushed: the FHIR server does not have it yet.

        Raises Problem: 413 or 422 for what is wrong with it, 503 while its Binary cannot be read.
        """
        check_structure(resource, strict=pushed)
        id = document_id(resource)
        if retraction(resource):
            document, text, opted_out = read_document(resource, None, self._base), None, False
        else:
            attachment = the_note(resource.get("content") or [])
            document = read_document(resource, attachment, self._base)
            text = await read_text(attachment, self._fhir, self._base, self._limit)
            opted_out = await self._opt_out.includes(document.patient_id)
        return Submission(document, text, _to_store(resource, id) if pushed else None, opted_out)

    async def enter(self, submissions: Sequence[Submission]) -> list[tuple[Result, Note]]:
        """Enters all of them in one transaction; what it returns is committed."""

        def commit() -> list[tuple[Result, Note]]:
            now = datetime.now(UTC)
            with session(self._engine) as opened:
                return [record(opened, submission, now) for submission in submissions]

        recorded = await asyncio.to_thread(commit)
        self._on_record()
        return recorded

    async def take(self, resource: Any, *, pushed: bool) -> tuple[Result, Note]:
        """Reads and enters one DocumentReference. Raises Problem."""
        return (await self.enter([await self.read(resource, pushed=pushed)]))[0]


def _to_store(resource: Mapping[str, Any], id: str) -> dict[str, Any]:
    """As it is put on the FHIR server, which gives its own version and date."""
    stored = {**resource, "id": id}
    meta = {
        name: value
        for name, value in (resource.get("meta") or {}).items()
        if name not in ("versionId", "lastUpdated")
    }
    stored.pop("meta", None)
    return {**stored, "meta": meta} if meta else stored
