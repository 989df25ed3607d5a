"""Where each patient stands in each study, for the screening list."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session

from services.writeback.eligibility import Eligibility
from services.writeback.tables import ListRow, ResourceRow, SubjectRow
from shared.fhir.mapping_list import subject_reference

# A patient comes onto the list with one of the first; with one of the second it is flagged.
CANDIDATES = {"eligible", "potential-candidate"}
DROPPED = {"ineligible", "withdrawn", "not-registered", "off-study"}


def keep_standing(opened: Session, found: Eligibility, patient_id: str) -> None:
    """The machine's status, unless a person has set another."""
    study = found.study
    row = opened.get(SubjectRow, (study.id, patient_id)) or SubjectRow(
        study=study.id, patient_id=patient_id, status=""
    )
    subject = opened.get(ResourceRow, subject_reference(study.id, patient_id))
    screening_list = opened.get(ListRow, study.id) or ListRow(study=study.id, title=study.title)
    changed = screening_list.title != study.title
    status = (subject.person_status if subject else None) or found.status
    if row.first_seen is None and status in CANDIDATES:
        row.first_seen = datetime.now(UTC)
    if row.first_seen is not None and row.status != status:
        changed = True
    row.status, screening_list.title = status, study.title
    screening_list.changed += changed
    opened.add(row)
    opened.add(screening_list)
