"""The note files of MIMIC-III and MIMIC-IV, plain or gzip, in constant memory.

MIMIC-III 1.4: NOTEEVENTS.csv (https://mimic.mit.edu/docs/iii/tables/noteevents/).
MIMIC-IV-Note 2.2: discharge.csv, radiology.csv (https://mimic.mit.edu/docs/iv/modules/note/).
Neither may be passed on: whoever has credentials for PhysioNet brings the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from training.notes.records import SourceNote, note_of
from training.notes.table import read_table

MIMIC_III = ("row_id", "subject_id", "category", "description", "iserror", "text")
MIMIC_IV = ("note_id", "subject_id", "note_type", "charttime", "text")
_ERROR = "1"
_TYPES = {
    "DS": "Discharge summary",  # as MIMIC-III's CATEGORY says it, so that one filter fits both
    "AD": "Discharge summary addendum",
    "RR": "Radiology",
    "AR": "Radiology addendum",
}


def read_mimic_iii(file: Path) -> Iterator[SourceNote]:
    """note_type: CATEGORY. Rows that a physician marked as an error, and empty ones, are left
    out. Raises NoteSourceError with the line."""
    for line, row in read_table(file, MIMIC_III):
        if row["iserror"].strip().removesuffix(".0") == _ERROR or not row["text"].strip():
            continue
        yield note_of(
            f"{file}: line {line}",
            {
                "id": row["row_id"].strip(),
                "patient_id": row["subject_id"].strip(),
                "text": row["text"],
                "note_type": row["category"].strip() or None,
                "description": row["description"].strip() or None,
                "date": _date(row.get("charttime", "")) or _date(row.get("chartdate", "")),
            },
        )


def read_mimic_iv(file: Path) -> Iterator[SourceNote]:
    """discharge.csv, or radiology.csv. note_type: in MIMIC-III's words. Raises NoteSourceError
    with the line."""
    for line, row in read_table(file, MIMIC_IV):
        if not row["text"].strip():
            continue
        kind = row["note_type"].strip()
        yield note_of(
            f"{file}: line {line}",
            {
                "id": row["note_id"].strip(),
                "patient_id": row["subject_id"].strip(),
                "text": row["text"],
                "note_type": _TYPES.get(kind, kind) or None,
                "date": _date(row["charttime"]),
            },
        )


def _date(value: str) -> str | None:
    """`2118-06-07 00:00:00`, which MIMIC writes for ISO 8601."""
    return value.strip().replace(" ", "T", 1) or None
