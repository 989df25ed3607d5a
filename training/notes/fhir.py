"""The notes of a FHIR server: its DocumentReferences, read as ingest reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shared.documents.attachment import the_note
from shared.documents.content import read_text
from shared.documents.document import read_document, retraction
from shared.documents.opt_out import OptOut
from shared.documents.problem import Problem
from shared.documents.references import is_id, local_id
from shared.documents.structure import check_structure
from shared.fhir.auth import authentication
from shared.fhir.client import FhirClient, FhirError, FhirUnavailable, Resource, retrying
from shared.settings import Settings
from shared.telemetry import get_logger
from training.notes.records import NoteSourceError, SourceNote

_KIND = "DocumentReference"
_PATIENCE = 300.0  # seconds for which a server that is away is asked again


def read_fhir(location: str, settings: Settings | None = None) -> Generator[SourceNote, None, None]:
    """The notes of the server at `location`: its base URL, perhaps with a search, as in
    `https://host/fhir/DocumentReference?type=http://loinc.org|18842-5`.

    Notes as in `fhir_notes`. The token of the settings goes to the server of the settings and to
    no other. Not for use inside a running event loop: there is `fhir_notes` for that. Raises
    NoteSourceError.
    """
    settings = settings or Settings()
    base, search = _address(location)
    ours = base == settings.fhir_url.rstrip("/")
    with asyncio.Runner() as runner:
        fhir = FhirClient(base, auth=authentication(settings) if ours else None)
        notes = fhir_notes(
            fhir,
            search,
            opt_out_group=settings.opt_out_group,
            limit=settings.ingest_max_attachment_bytes,
        )

        async def following() -> SourceNote | None:
            return await anext(notes, None)

        async def close() -> None:
            async with fhir, aclosing(notes):
                pass

        try:
            while (note := runner.run(following())) is not None:
                yield note
        finally:
            runner.run(close())


async def fhir_notes(
    fhir: FhirClient,
    search: Mapping[str, str | list[str]] | None = None,
    *,
    opt_out_group: str = "",
    limit: int = 10_000_000,
    patience: float = _PATIENCE,
) -> AsyncGenerator[SourceNote, None]:
    """Every note that counts: not entered in error, superseded or replaced by another one, and
    not of a patient in the Group of those who opted out.

    A note that cannot be read (no patient, a format that is not text, a missing Binary) is logged
    with its id and left out: one bad note stops nothing. id: the resource's. note_type: its
    type's. specialty: the practice setting. limit: bytes of one attachment. patience: seconds for
    which a server that is away is asked again. Raises NoteSourceError.
    """
    try:
        left_out = await OptOut(fhir, opt_out_group).members()
        gone = await _replaced(fhir, patience)
        seen: set[str] = set()
        params = {"_sort": "_lastUpdated", "_count": "100", **(search or {})}
        async for resource in fhir.search(_KIND, params, fresh=True, patience=patience):
            id = resource.get("id")
            if resource.get("resourceType") != _KIND or not isinstance(id, str) or id in seen:
                continue
            seen.add(id)  # a note that changes meanwhile may come again on a later page
            if id in gone or not is_id(id):
                continue
            note = await _read(fhir, resource, limit, patience)
            if note is not None and note.patient_id not in left_out:
                yield note
    except FhirError as error:
        raise NoteSourceError(f"{fhir.base_url}: {error}") from None


async def _read(
    fhir: FhirClient, resource: Resource, limit: int, patience: float
) -> SourceNote | None:
    try:
        check_structure(resource, strict=False)
        if retraction(resource):
            return None
        attachment = the_note(resource.get("content") or [])
        document = read_document(resource, attachment, fhir.base_url)
        text = await retrying(lambda: _text(attachment, fhir, limit), patience=patience)
    except Problem as problem:
        get_logger().warning(
            "note on the FHIR server cannot be read",
            document_id=resource["id"],
            error=str(problem),
        )
        return None
    assert document.patient_id is not None  # only a retraction comes without
    return SourceNote(
        id=document.id,
        patient_id=document.patient_id,
        text=text,
        note_type=_concept(resource.get("type")),
        specialty=_concept((resource.get("context") or {}).get("practiceSetting")),
        date=document.note_date.isoformat() if document.note_date else None,
        description=resource.get("description"),
    )


async def _text(attachment: Mapping[str, Any], fhir: FhirClient, limit: int) -> str:
    try:
        return await read_text(attachment, fhir, fhir.base_url, limit)
    except Problem as problem:
        if problem.status == 503:
            raise FhirUnavailable(str(problem), 503) from None
        raise


async def _replaced(fhir: FhirClient, patience: float) -> frozenset[str]:
    """Ids of the notes that another one replaces, whether or not they say so themselves."""
    found: set[str] = set()
    try:
        query = {"relation": "replaces", "_count": "100"}
        async for resource in fhir.search(_KIND, query, fresh=True, patience=patience):
            found.update(_targets(resource, fhir.base_url))
    except FhirUnavailable:
        raise
    except FhirError:
        get_logger().warning("the FHIR server cannot be asked which notes replace others")
    return frozenset(found)


def _targets(resource: Resource, base: str) -> Iterator[str]:
    if resource.get("status") == "entered-in-error":
        return
    for link in resource.get("relatesTo") or []:
        match link:  # nothing has checked its structure yet
            case {"code": "replaces", "target": {"reference": str(reference)}}:
                if (id := local_id(reference, _KIND, base)) is not None:
                    yield id


def _concept(concept: Any) -> str | None:
    """The words of a CodeableConcept, else the first coding's, else its code."""
    if not isinstance(concept, dict):
        return None
    coding: dict[str, Any] = next(iter(concept.get("coding") or []), {})
    return concept.get("text") or coding.get("display") or coding.get("code")


def _address(location: str) -> tuple[str, dict[str, str | list[str]]]:
    """Base URL and search."""
    parts = urlsplit(location)
    path = parts.path.rstrip("/").removesuffix(f"/{_KIND}")
    search: dict[str, list[str]] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        search.setdefault(name, []).append(value)
    return f"{parts.scheme}://{parts.netloc}{path}", dict(search)
