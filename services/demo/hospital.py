"""The sample hospital: its files, and the FHIR resources its own systems would hold.

Everything is a pure function of the files: the same folder always gives the same resources with
the same ids.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid5

from pydantic import BaseModel, ConfigDict

from shared.fhir.client import Resource
from shared.fhir.ids import NAMESPACE
from shared.fhir.systems import BASE, LOINC

FOLDER = Path(__file__).parents[2] / "infra" / "sample-hospital"

MRN = f"{BASE}/sample-hospital/mrn"
NOTE_NUMBER = f"{BASE}/sample-hospital/note"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
LANGUAGE = "urn:ietf:bcp:47"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SamplePatient(_Record):
    """intended: outcome for the apixaban study over all notes of the patient."""

    mrn: str
    given: str
    family: str
    sex: Literal["female", "male"]
    birthDate: date
    language: str
    intended: Literal["eligible", "ineligible", "potential-candidate"]
    why: str

    @property
    def id(self) -> str:
        return patient_id(self.mrn)

    def resource(self) -> Resource:
        """FHIR R4 Patient; the key (`intended`, `why`) never enters it."""
        return {
            "resourceType": "Patient",
            "id": self.id,
            "identifier": [
                {
                    "use": "usual",
                    "type": {"coding": [{"system": IDENTIFIER_TYPE, "code": "MR"}]},
                    "system": MRN,
                    "value": self.mrn,
                }
            ],
            "active": True,
            "name": [{"use": "official", "family": self.family, "given": self.given.split()}],
            "gender": self.sex,
            "birthDate": self.birthDate.isoformat(),
            "communication": [
                {
                    "language": {"coding": [{"system": LANGUAGE, "code": self.language}]},
                    "preferred": True,
                }
            ],
        }


class SampleNote(_Record):
    """loinc: code of the document type."""

    id: str
    mrn: str
    date: datetime
    type: str
    loinc: str
    author: str
    text: str

    @property
    def document_id(self) -> str:
        return document_id(self.id)

    def resource(self) -> Resource:
        """FHIR R4 DocumentReference with the note as its one text/plain attachment."""
        written = self.date.isoformat()
        return {
            "resourceType": "DocumentReference",
            "id": self.document_id,
            "identifier": [{"system": NOTE_NUMBER, "value": self.id}],
            "status": "current",
            "docStatus": "final",
            "type": {
                "coding": [{"system": LOINC, "code": self.loinc, "display": self.type}],
                "text": self.type,
            },
            "subject": {"reference": f"Patient/{patient_id(self.mrn)}"},
            "date": written,
            "author": [{"display": self.author}],
            "content": [
                {
                    "attachment": {
                        "contentType": "text/plain; charset=utf-8",
                        "language": "en",
                        "data": base64.b64encode(self.text.encode()).decode(),
                        "creation": written,
                    }
                }
            ],
        }


class Hospital(_Record):
    """Its key is read by training.evaluate.folder alone."""

    patients: tuple[SamplePatient, ...]
    notes: tuple[SampleNote, ...]


def load(folder: Path = FOLDER) -> Hospital:
    """Raises FileNotFoundError if a file is missing, ValueError if a line is not of its form."""
    return Hospital(
        patients=tuple(map(SamplePatient.model_validate, _lines(folder / "patients.jsonl"))),
        notes=tuple(map(SampleNote.model_validate, _lines(folder / "notes.jsonl"))),
    )


def patient_id(mrn: str) -> str:
    return str(uuid5(NAMESPACE, f"sample-hospital/patient/{mrn}"))


def document_id(note_id: str) -> str:
    return str(uuid5(NAMESPACE, f"sample-hospital/note/{note_id}"))


def _lines(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
