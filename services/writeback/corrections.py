"""Finding what persons changed: a sweep of the FHIR server by `_lastUpdated` with overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.writeback.ownership import reconcile, reference, version
from services.writeback.patients import Patients
from services.writeback.settlement import keep_review
from services.writeback.tables import AnswerRow, CursorRow, DueRow, ResourceRow
from shared.database import session
from shared.fhir import systems
from shared.fhir.client import FhirClient, Resource

OVERLAP = timedelta(seconds=30)  # searches may lag behind writes, and clocks differ
PAGE = 200
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

SWEEPS: Mapping[str, Mapping[str, str]] = {
    # Persons confirm, correct or reject; the machine's own are preliminary, save what it took
    # back itself, which is recognised by its version.
    "Observation": {
        "code": f"{systems.QUESTIONS}|",
        "status": "final,amended,corrected,entered-in-error,cancelled",
    },
    "ResearchSubject": {"identifier": f"{systems.RESEARCH_SUBJECT_IDENTIFIER}|"},
}


class Corrections:
    def __init__(self, engine: Engine, fhir: FhirClient, patients: Patients) -> None:
        self._engine = engine
        self._fhir = fhir
        self._patients = patients

    async def sweep(self) -> None:
        """One round. What it finds is kept before the cursor moves, and the eligibility that
        follows is owed until it is written. Raises what the FHIR client raises."""
        for kind, params in SWEEPS.items():
            await self._sweep(kind, params)
        for due in self._patients.due():
            await self._patients.corrected(due)

    async def _sweep(self, kind: str, params: Mapping[str, str]) -> None:
        with session(self._engine, read_only=True) as opened:
            row = opened.get(CursorRow, kind)
        since = row.last_updated if row else BEGINNING
        start = max(BEGINNING, since - OVERLAP) if row else BEGINNING
        window = {"_lastUpdated": f"ge{start.isoformat()}", "_count": str(PAGE)}
        newest = since
        some: list[Resource] = []
        async for resource in self._fhir.search(kind, {**params, **window}, fresh=True):
            some.append(resource)
            if len(some) == PAGE:
                newest = await self._take(some, newest)
                some = []
        newest = await self._take(some, newest)
        if newest > since:
            with session(self._engine) as opened:
                opened.merge(CursorRow(name=kind, last_updated=newest))

    async def _take(self, resources: Sequence[Resource], newest: datetime) -> datetime:
        """Returns the latest lastUpdated."""
        for resource in self._unknown(resources):
            await self._keep(resource)
        instants = [one.get("meta", {}).get("lastUpdated") for one in resources]
        return max([newest, *(datetime.fromisoformat(at) for at in instants if at)])

    def _unknown(self, resources: Sequence[Resource]) -> list[Resource]:
        """Without those that stand as writeback knows them: most are its own writes."""
        names = [reference(resource) for resource in resources]
        with session(self._engine, read_only=True) as opened:
            rows = opened.exec(
                select(ResourceRow).where(col(ResourceRow.reference).in_(names))
            ).all()
        known = {(row.reference, at) for row in rows for at in (row.version, row.person_version)}
        return [
            resource
            for name, resource in zip(names, resources, strict=True)
            if (name, version(resource)) not in known
        ]

    async def _keep(self, resource: Resource) -> None:
        """Resources that writeback has no answer or subject for are none of its business."""
        name, now = reference(resource), version(resource)
        patient_id = _patient_of(resource)
        if patient_id is None:
            return
        async with self._patients.alone(patient_id):
            with session(self._engine) as opened:
                row = opened.get(ResourceRow, name)
                if row is None and self._is_answer(opened, name):
                    row = ResourceRow(reference=name, patient_id=patient_id)
                if row is None or (now is not None and now in (row.version, row.person_version)):
                    return
                if reconcile(row, resource):
                    keep_review(opened, name, resource)
                    source = f"{name}/_history/{now}" if now else name
                    opened.merge(DueRow(patient_id=row.patient_id, source=source))
                opened.add(row)

    @staticmethod
    def _is_answer(opened: Session, name: str) -> bool:
        """Also one that the student could not give, and so never wrote."""
        return (
            opened.exec(select(AnswerRow).where(AnswerRow.observation == name)).first() is not None
        )


def _patient_of(resource: Resource) -> str | None:
    subject = resource.get("subject") or resource.get("individual") or {}
    kind, _, patient_id = str(subject.get("reference", "")).rpartition("/")
    return patient_id if kind.endswith("Patient") else None
