"""Which note a correction is about, and that note."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from shared.documents.references import is_id, local_id, local_reference
from shared.fhir import ids, mapping, systems
from shared.fhir.client import FhirClient, FhirNotFound, Resource
from training.notes.fhir import fhir_notes
from training.notes.records import SourceNote

AT_ONCE = 50
"""Ids in one search."""


@dataclass(frozen=True)
class About:
    """document_id and version_id of the note; version_id None where it is not said."""

    document_id: str
    version_id: str | None


def named_note(observation: Resource, base: str) -> About | None:
    """As the Observation names it: what it is derived from, else its identifier."""
    for origin in observation.get("derivedFrom") or []:
        found = local_reference(str(origin.get("reference") or ""), base)
        if found is not None and found[0] == "DocumentReference":
            return About(found[1], found[2])
    key = mapping.question_key(observation)
    for identifier in observation.get("identifier") or []:
        if identifier.get("system") == systems.OBSERVATION_IDENTIFIER:
            document_id = str(identifier.get("value") or "").removeprefix(f"{key}/")
            if is_id(document_id):
                return About(document_id, None)
    return None


async def note_by_id(fhir: FhirClient, observation: Resource, patience: float) -> About | None:
    """For an Observation that names no note: that of the patient's notes whose id, with the
    question, gives the Observation's own id."""
    key, patient_id = mapping.question_key(observation), patient_of(observation, fhir.base_url)
    if key is None or patient_id is None:
        return None
    params = {"subject": f"Patient/{patient_id}", "_count": "100"}
    async for note in fhir.search("DocumentReference", params, fresh=True, patience=patience):
        if ids.observation_id(key, str(note.get("id"))) == observation.get("id"):
            return About(str(note["id"]), None)
    return None


async def read_notes(
    fhir: FhirClient,
    wanted: Collection[str],
    *,
    opt_out_group: str,
    limit: int,
    patience: float,
) -> dict[str, SourceNote]:
    """By id, those that count; see `training.notes.fhir.fhir_notes`. Raises NoteSourceError."""
    found: dict[str, SourceNote] = {}
    for some in batches(sorted(wanted)):
        search: dict[str, str | list[str]] = {"_id": ",".join(some)}
        async for note in fhir_notes(
            fhir, search, opt_out_group=opt_out_group, limit=limit, patience=patience
        ):
            found[note.id] = note
    return found


async def current_versions(
    fhir: FhirClient, document_ids: Iterable[str]
) -> AsyncIterator[tuple[str, str | None]]:
    """Document id and its version on the server now."""
    for document_id in document_ids:
        try:
            resource = await fhir.read("DocumentReference", document_id)
        except FhirNotFound:
            continue
        yield document_id, (resource.get("meta") or {}).get("versionId")


def patient_of(observation: Resource, base: str) -> str | None:
    return local_id(str((observation.get("subject") or {}).get("reference") or ""), "Patient", base)


def batches(names: Sequence[str]) -> Iterable[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, AT_ONCE)):
        yield some
