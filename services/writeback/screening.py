"""The screening List of each study: one writer, which collects changes for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from services.writeback.ownership import version
from services.writeback.standing import DROPPED
from services.writeback.tables import ListRow, SubjectRow
from shared.database import session
from shared.fhir import ids
from shared.fhir.client import FhirClient, FhirConflict, FhirNotFound, Resource
from shared.fhir.mapping_list import ListedPatient, screening_list

ATTEMPTS = 5


class ScreeningLists:
    def __init__(self, engine: Engine, fhir: FhirClient) -> None:
        self._engine = engine
        self._fhir = fhir

    async def publish(self) -> None:
        """Every list that has changed since it was last written, also before a crash. Raises
        what the FHIR client raises; what is not written stays owed."""
        with session(self._engine, read_only=True) as opened:
            changed = opened.exec(
                select(ListRow).where(col(ListRow.changed) > col(ListRow.published))
            ).all()
        for row in changed:
            await self._publish(row)
            with session(self._engine) as opened:
                now = opened.get_one(ListRow, row.study)
                now.published = max(now.published, row.changed)
                opened.add(now)

    async def _publish(self, row: ListRow) -> None:
        patients = self._listed(row.study)
        for attempt in range(1, ATTEMPTS + 1):
            standing = await self._standing(row.study)
            resource = screening_list(
                row.study, row.title, patients, datetime.now(UTC), standing=standing
            )
            if standing and _content(standing) == _content(resource):
                return
            try:
                await self._fhir.put(resource, if_match=version(standing) if standing else None)
                return
            except FhirConflict:
                if attempt == ATTEMPTS:
                    raise

    def _listed(self, study: str) -> Sequence[ListedPatient]:
        with session(self._engine, read_only=True) as opened:
            rows = opened.exec(
                select(SubjectRow).where(
                    SubjectRow.study == study, col(SubjectRow.first_seen).is_not(None)
                )
            ).all()
        return [
            ListedPatient(row.patient_id, row.first_seen, dropped=row.status in DROPPED)
            for row in rows
            if row.first_seen is not None
        ]

    async def _standing(self, study: str) -> Resource | None:
        try:
            return await self._fhir.read("List", ids.screening_list_id(study))
        except FhirNotFound:
            return None


def _content(resource: Resource) -> tuple[object, object]:
    return resource.get("title"), resource.get("entry", [])
