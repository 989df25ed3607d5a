"""Erasure: takes everything that writeback wrote of one patient off the FHIR server and out of
its tables. Older versions go as the server's own rules of erasure say."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, delete
from sqlmodel import SQLModel, select

from services.writeback.ownership import version
from services.writeback.tables import (
    TABLES,
    AnswerRow,
    DueRow,
    ListRow,
    NoteRow,
    ResourceRow,
    SubjectRow,
)
from shared.database import create_tables, open_engine, session
from shared.fhir import ids
from shared.fhir.client import Entry, FhirClient, FhirConflict, FhirNotFound, open_fhir
from shared.fhir.mapping_list import without
from shared.settings import Settings

ROWS_OF_PATIENT: tuple[type[SQLModel], ...] = (AnswerRow, NoteRow, ResourceRow, SubjectRow, DueRow)
AT_ONCE = 40
ATTEMPTS = 5


async def erase(settings: Settings, patient_id: str) -> int:
    """Returns how many resources were taken off the server. May be repeated. Run it when no more
    notes of the patient come in; raises what the FHIR client raises."""
    engine = open_engine(settings.database("writeback"))
    create_tables(engine, TABLES)
    async with open_fhir(settings) as fhir:
        return await erase_patient(engine, fhir, patient_id)


async def erase_patient(engine: Engine, fhir: FhirClient, patient_id: str) -> int:
    with session(engine, read_only=True) as opened:
        rows = opened.exec(select(ResourceRow).where(ResourceRow.patient_id == patient_id)).all()
        studies = [row.study for row in opened.exec(select(ListRow)).all()]
    references = sorted(row.reference for row in rows)
    for study in studies:
        await _off_the_list(fhir, study, patient_id)
    # What refers to others goes first: servers may refuse to leave a reference dangling.
    summaries = {f"Observation/{ids.summary_id(study, patient_id)}" for study in studies}
    steps = (
        await _provenances(fhir, references),
        [name for name in references if name.startswith("ResearchSubject/")],
        [name for name in references if name in summaries],
        [name for name in references if name.startswith("Observation/") and name not in summaries],
    )
    for step in steps:
        await _delete(fhir, step)
    with session(engine) as opened:
        for table in ROWS_OF_PATIENT:
            opened.connection().execute(
                delete(table).where(
                    SQLModel.metadata.tables[str(table.__tablename__)].c.patient_id == patient_id
                )
            )
    return sum(map(len, steps))


async def _off_the_list(fhir: FhirClient, study: str, patient_id: str) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            standing = await fhir.read("List", ids.screening_list_id(study))
        except FhirNotFound:
            return
        rest = without(standing, patient_id)
        if rest == standing:
            return
        try:
            await fhir.put(rest, if_match=version(standing))
            return
        except FhirConflict:
            if attempt == ATTEMPTS:
                raise


async def _provenances(fhir: FhirClient, references: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for start in range(0, len(references), AT_ONCE):
        targets = ",".join(references[start : start + AT_ONCE])
        async for resource in fhir.search("Provenance", {"target": targets}, fresh=True):
            found[f"Provenance/{resource['id']}"] = None
    return list(found)


async def _delete(fhir: FhirClient, references: Sequence[str]) -> None:
    for start in range(0, len(references), AT_ONCE):
        some = references[start : start + AT_ONCE]
        results = await fhir.batch([Entry("DELETE", None, name) for name in some])
        for result in results:
            if result.error and not isinstance(result.error, FhirNotFound):
                raise result.error
