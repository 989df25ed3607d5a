"""Bringing the FHIR server to what an occasion asks for: one transaction, repeated on conflict.

What is about to be sent is remembered before it is sent, and what the server confirmed after;
so a crash anywhere is repaired by handling the same occasion again, and then writes nothing
twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.writeback.eligibility import Eligibility, eligibility, references_of
from services.writeback.occasion import Desired, Occasion
from services.writeback.ownership import fingerprint, reconcile, reference
from services.writeback.standing import keep_standing
from services.writeback.tables import AnswerRow, ResourceRow
from shared.criteria.study import Study
from shared.database import session
from shared.eligibility import PatientFacts
from shared.fhir.client import (
    Entry,
    EntryResult,
    FhirClient,
    FhirConflict,
    FhirInvalid,
    FhirNotFound,
    Resource,
)
from shared.fhir.mapping import reviewed_answer
from shared.fhir.mapping_provenance import provenance

ATTEMPTS = 6
IDS_A_SEARCH = 40


class Unsettled(Exception):
    """The resources of a patient kept changing while they were written: later."""


@dataclass(frozen=True)
class Change:
    """content: its fingerprint."""

    desired: Desired
    content: str
    if_match: str | None

    @property
    def resource(self) -> Resource:
        return self.desired.resource

    @property
    def reference(self) -> str:
        return reference(self.resource)


@dataclass(frozen=True)
class Plan:
    changes: list[Change]
    eligibilities: list[Eligibility]


class Settlement:
    """One occasion on its way into FHIR."""

    def __init__(
        self,
        engine: Engine,
        fhir: FhirClient,
        *,
        studies: Sequence[Study],
        facts: PatientFacts,
        as_of: date,
        occasion: Occasion,
    ) -> None:
        self._engine = engine
        self._fhir = fhir
        self._studies = studies
        self._facts = facts
        self._as_of = as_of
        self._occasion = occasion
        self._found: dict[str, Resource | None] = {}
        self._news: dict[str, Resource | None] = {}  # of what was found, not yet learned
        self._rejected: dict[str, str] = {}
        self._recorded = False

    async def settle(self) -> dict[str, str]:
        """Returns what the server does not take: reference -> reason. Raises Unsettled,
        FhirUnavailable and whatever else the client raises."""
        await self._look(self._unclear())
        for _ in range(ATTEMPTS):
            plan = self._plan()
            blind = [
                change.reference
                for change in plan.changes
                if change.if_match is None and change.reference not in self._found
            ]
            if blind:
                await self._look(blind)
            elif not plan.changes:
                self._confirm(plan, [], final=True)
                return self._rejected
            elif await self._write(plan):
                return self._rejected
        raise Unsettled(
            f"{self._occasion.key}: changed by others {ATTEMPTS} times while it was written; "
            "it is tried again"
        )

    def _unclear(self) -> list[str]:
        """What has to be looked at before it is planned: resources without memory, and those
        whose last writing ended nobody knows how."""
        with session(self._engine, read_only=True) as opened:
            looks = self._occasion.looks(opened)
            first = [*looks.first]
            for study in self._studies:
                first += references_of(study.id, self._occasion.patient_id)
            rows = _rows(opened, [*first, *looks.known])
            unclear = [
                name for name, row in rows.items() if row.intended not in (None, row.written)
            ]
            return [*looks.always, *(name for name in first if name not in rows), *unclear]

    def _plan(self) -> Plan:
        occasion = self._occasion
        with session(self._engine) as opened:
            if not self._recorded:
                occasion.record(opened)
            _learn(opened, occasion.patient_id, self._news)
            changes = self._changes(opened, occasion.desired(opened, self._found))
            opened.flush()
            results = self._eligibilities(opened)
            subjects = [Desired(resource) for found in results for resource in found.resources]
            changes += self._changes(opened, subjects)
        self._recorded, self._news = True, {}
        return Plan(changes, results)

    def _eligibilities(self, opened: Session) -> list[Eligibility]:
        return eligibility(
            opened, self._studies, self._occasion.patient_id, self._facts, self._as_of
        )

    def _changes(self, opened: Session, desired: Iterable[Desired]) -> list[Change]:
        wanted = [want for want in desired if reference(want.resource) not in self._rejected]
        rows = _rows(opened, [reference(want.resource) for want in wanted])
        changes = []
        for want in wanted:
            name, content = reference(want.resource), fingerprint(want.resource)
            row = rows.get(name) or ResourceRow(
                reference=name, patient_id=self._occasion.patient_id
            )
            if row.person_version is not None and not want.person:
                continue
            if row.patient_id != self._occasion.patient_id:
                row.patient_id = self._occasion.patient_id
            if row.written == content:
                _give_back(row, want)
            else:
                row.intended = content
                changes.append(Change(want, content, row.version))
            opened.add(row)
        return changes

    async def _write(self, plan: Plan) -> bool:
        """False if it has to be planned again."""
        entries = [_entry(change) for change in plan.changes]
        try:
            sent = await self._fhir.transaction([*entries, self._provenance(plan.changes)])
            results = sent[:-1]
        except (FhirConflict, FhirNotFound):
            await self._look([change.reference for change in plan.changes])
            return False
        except FhirInvalid:
            # Each for itself, so that one the server refuses does not hold back the others.
            results = await self._fhir.batch(entries)
        return await self._take_in(plan, list(zip(plan.changes, results, strict=True)))

    async def _take_in(self, plan: Plan, outcome: Sequence[tuple[Change, EntryResult]]) -> bool:
        """Also of a transaction: there are servers that carry out a part of one."""
        written = [(change, result) for change, result in outcome if result.error is None]
        failed = [(change, result.error) for change, result in outcome if result.error]
        self._confirm(plan, written, final=not failed)
        for change, error in failed:
            if isinstance(error, FhirInvalid):
                self._rejected[change.reference] = str(error)
                with session(self._engine) as opened:
                    _reject(opened, change.reference, str(error))
        moved = [
            change.reference
            for change, error in failed
            if isinstance(error, (FhirConflict, FhirNotFound))
        ]
        await self._look(moved)
        return not failed

    def _provenance(self, changes: Sequence[Change]) -> Entry:
        occasion = self._occasion
        contents = "".join(sorted(change.content for change in changes))
        digest = hashlib.sha256(contents.encode()).hexdigest()
        resource = provenance(
            f"{occasion.key}/{digest}",
            [change.reference for change in changes],
            occasion.student,
            occasion.source,
            datetime.now(UTC),
        )
        return Entry("PUT", resource, reference(resource))

    def _confirm(
        self, plan: Plan, results: Sequence[tuple[Change, EntryResult]], *, final: bool
    ) -> None:
        """final: nothing of the plan is left to do."""
        with session(self._engine) as opened:
            rows = _rows(opened, [change.reference for change, _ in results])
            for change, result in results:
                row = rows[change.reference]
                row.written, row.version = change.content, _version(result)
                _give_back(row, change.desired)
                opened.add(row)
            if final:
                for found in plan.eligibilities:
                    keep_standing(opened, found, self._occasion.patient_id)

    async def _look(self, references: Sequence[str]) -> None:
        found: dict[str, Resource | None] = dict.fromkeys(references)
        for kind in dict.fromkeys(ref.split("/")[0] for ref in references):
            wanted = [ref.split("/")[1] for ref in references if ref.startswith(f"{kind}/")]
            for start in range(0, len(wanted), IDS_A_SEARCH):
                some = wanted[start : start + IDS_A_SEARCH]
                params = {"_id": ",".join(some), "_count": str(IDS_A_SEARCH)}
                async for resource in self._fhir.search(kind, params, fresh=True):
                    found[reference(resource)] = resource
        self._found |= found
        self._news |= found


def _learn(opened: Session, patient_id: str, found: dict[str, Resource | None]) -> None:
    """Keeps what was seen on the server, persons' work above all."""
    rows = _rows(opened, list(found))
    for name, current in found.items():
        row = rows.get(name)
        if row is None and current is None:
            continue
        row = row or ResourceRow(reference=name, patient_id=patient_id)
        if reconcile(row, current) and current is not None:
            keep_review(opened, name, current)
        opened.add(row)


def keep_review(opened: Session, name: str, resource: Resource) -> None:
    """What a person says instead of the machine, where the Observation answers a question."""
    answer = opened.exec(select(AnswerRow).where(AnswerRow.observation == name)).first()
    if answer is not None:
        answer.reviewed = reviewed_answer(resource).model_dump_json(exclude_none=True)
        opened.add(answer)


def _give_back(row: ResourceRow, written: Desired) -> None:
    """A person's Observation that came back with its note is that person's as it stands now."""
    if written.person and written.resource.get("status") != "entered-in-error":
        row.person_version = row.version


def _reject(opened: Session, name: str, reason: str) -> None:
    answer = opened.exec(select(AnswerRow).where(AnswerRow.observation == name)).first()
    if answer is not None:
        answer.rejected = reason
        opened.add(answer)


def _rows(opened: Session, references: Sequence[str]) -> dict[str, ResourceRow]:
    rows = opened.exec(select(ResourceRow).where(col(ResourceRow.reference).in_(references))).all()
    return {row.reference: row for row in rows}


def _entry(change: Change) -> Entry:
    return Entry("PUT", change.resource, change.reference, if_match=change.if_match)


def _version(result: EntryResult) -> str | None:
    if result.version_id is not None:
        return result.version_id
    location = result.location or ""
    return location.rsplit("/_history/", 1)[1] if "/_history/" in location else None
