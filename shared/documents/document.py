"""What a DocumentReference says of its note: pure checks and reading, no I/O.

The resource is expected to be structurally valid (shared.fhir.rules); what is checked here is
what a note needs beyond that.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from shared.documents.identity import document_id, id_from_identifiers
from shared.documents.problem import Problem, invalid
from shared.documents.references import local_id
from shared.events import DateSource

Retraction = Literal["entered-in-error", "superseded", "replaced", "deleted", "opted-out"]
_PARTIAL_DATE = re.compile(r"\d{4}(-\d{2})?(-\d{2})?")
_SUBJECT = "DocumentReference.subject"


@dataclass(frozen=True)
class NoteDocument:
    """One version of a note as its DocumentReference describes it.

    patient_id: None only for a retraction, which may come without its subject.
    note_date: None where the resource gives none; then the note counts from its receipt.
    version_id, last_updated: `meta` of the server or sender it came from.
    retraction: why the note does not count (any more), None for a living note.
    replaces: ids of the documents that this one takes the place of; a superseded one still does,
    one that was entered in error does not.
    """

    id: str
    patient_id: str | None
    encounter_id: str | None
    note_date: datetime | None
    note_date_source: DateSource
    version_id: str | None
    last_updated: datetime | None
    retraction: Retraction | None
    replaces: tuple[str, ...] = ()


def read_document(
    resource: Mapping[str, Any], attachment: Mapping[str, Any] | None, base: str
) -> NoteDocument:
    """Reads a DocumentReference; `attachment` is the one that is the note, None for a retraction.

    base: URL of the FHIR server, below which absolute references may point. Raises Problem.
    """
    meta = resource.get("meta") or {}
    retracted = retraction(resource)
    date, source = _note_date(resource, attachment or {})
    return NoteDocument(
        id=document_id(resource),
        patient_id=_patient_id(resource, base, required=retracted is None),
        encounter_id=_encounter_id(resource, base),
        note_date=date,
        note_date_source=source,
        version_id=meta.get("versionId"),
        last_updated=moment(meta["lastUpdated"]) if "lastUpdated" in meta else None,
        retraction=retracted,
        replaces=() if retracted == "entered-in-error" else _replaces(resource, base),
    )


def retraction(resource: Mapping[str, Any]) -> Retraction | None:
    """Why a note does not count: its `status`, or the `docStatus` of what it refers to."""
    if "entered-in-error" in (resource.get("status"), resource.get("docStatus")):
        return "entered-in-error"
    return "superseded" if resource.get("status") == "superseded" else None


def fingerprint(document: NoteDocument, note_hash: str | None) -> str:
    """Equal for two versions exactly if nothing differs that ingest or an answer depends on:
    text, patient, encounter, date, retraction, what it replaces. SHA-256, hex."""
    parts = (
        note_hash,
        document.patient_id,
        document.encounter_id,
        document.note_date.isoformat() if document.note_date else None,
        document.note_date_source,
        document.retraction,
        sorted(document.replaces),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def moment(value: str) -> datetime:
    """A FHIR instant or dateTime as an aware datetime; a date without time, or of a whole month
    or year, is its first moment in UTC. Raises Problem (422)."""
    if _PARTIAL_DATE.fullmatch(value):
        value = f"{value}-01-01"[:10] + "T00:00:00"
    # R4 allows second 60, a leap second, which datetime cannot hold.
    value = re.sub(r":60(?=[.Z+-])", ":59", value)
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise invalid(
            "A date of the DocumentReference cannot be read.",
            "Write it as 2026-10-31T08:15:00Z.",
            "DocumentReference.date",
        ) from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def _note_date(
    resource: Mapping[str, Any], attachment: Mapping[str, Any]
) -> tuple[datetime | None, DateSource]:
    if resource.get("date"):
        return moment(resource["date"]), DateSource.DATE
    if attachment.get("creation"):
        return moment(attachment["creation"]), DateSource.CREATION
    return None, DateSource.RECEIVED


def _patient_id(resource: Mapping[str, Any], base: str, *, required: bool) -> str | None:
    subject = resource.get("subject") or {}
    reference = subject.get("reference")
    found = local_id(reference, "Patient", base) if reference else None
    if found is not None or not required:
        return found
    raise _no_patient(subject, base)


def _no_patient(subject: Mapping[str, Any], base: str) -> Problem:
    cure = f"Send subject.reference as Patient/<id>, an id on the FHIR server {base}."
    if not subject:
        return invalid("The DocumentReference has no subject.", cure, _SUBJECT)
    if "reference" not in subject:
        return invalid(
            "The DocumentReference names its subject without a reference, which cannot be "
            "resolved.",
            cure,
            _SUBJECT,
        )
    return invalid(
        "The DocumentReference's subject is not a Patient on the FHIR server.",
        cure,
        f"{_SUBJECT}.reference",
    )


def _encounter_id(resource: Mapping[str, Any], base: str) -> str | None:
    """The encounter, if the note has exactly one."""
    encounters = (resource.get("context") or {}).get("encounter") or []
    if len(encounters) != 1:
        return None
    return local_id(encounters[0].get("reference") or "", "Encounter", base)


def _replaces(resource: Mapping[str, Any], base: str) -> tuple[str, ...]:
    targets = [
        link.get("target") or {}
        for link in resource.get("relatesTo") or []
        if link.get("code") == "replaces"
    ]
    ids = (
        local_id(target.get("reference") or "", "DocumentReference", base)
        or id_from_identifiers([target.get("identifier")])
        for target in targets
    )
    return tuple(dict.fromkeys(id for id in ids if id is not None))
