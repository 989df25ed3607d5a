"""The XML files of n2c2 2018 track 1 (cohort selection): one patient a file, notes and labels.

    <PatientMatching>
    <TEXT><![CDATA[ Record date: 2106-02-12 ... **** ... Record date: 2106-05-02 ... ]]></TEXT>
    <TAGS><ABDOMINAL met="not met" /> ... </TAGS>
    </PatientMatching>

Stubbs et al., "Cohort selection for clinical trials: n2c2 2018 shared task track 1", JAMIA 2019.
The data may not be passed on: whoever has an agreement with DBMI brings the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from training.notes.records import NoteSourceError, SourceNote

SUFFIX = ".xml"
_SEPARATOR = re.compile(r"^[ \t]*\*{20,}[ \t]*\r?$", re.MULTILINE)
_DATE = re.compile(r"Record date:[ \t]*(\d{4}-\d{2}-\d{2})")
_MET = {"met": True, "not met": False}


class Criterion(StrEnum):
    """The 13 criteria, as the files and the shipped study n2c2-2018 name them."""

    ABDOMINAL = "ABDOMINAL"
    ADVANCED_CAD = "ADVANCED-CAD"
    ALCOHOL_ABUSE = "ALCOHOL-ABUSE"
    ASP_FOR_MI = "ASP-FOR-MI"
    CREATININE = "CREATININE"
    DIETSUPP_2MOS = "DIETSUPP-2MOS"
    DRUG_ABUSE = "DRUG-ABUSE"
    ENGLISH = "ENGLISH"
    HBA1C = "HBA1C"
    KETO_1YR = "KETO-1YR"
    MAJOR_DIABETES = "MAJOR-DIABETES"
    MAKES_DECISIONS = "MAKES-DECISIONS"
    MI_6MOS = "MI-6MOS"


@dataclass(frozen=True)
class CohortPatient:
    """id: the file's name without ending. notes: in the file's order, ids `<patient>-1` and so on.
    labels: met or not for all 13 criteria; None where the file has no TAGS."""

    id: str
    notes: tuple[SourceNote, ...]
    labels: Mapping[Criterion, bool] | None


def read_patients(location: Path) -> Iterator[CohortPatient]:
    """The patients of *.xml in a folder and below, by name, or of one file.

    Raises NoteSourceError: not well-formed (with the line), with a document type or entities
    (which could grow without bound or read other files), no TEXT, labels that are not the 13.
    """
    files = [location] if location.is_file() else sorted(location.rglob(f"*{SUFFIX}"))
    if not files:
        raise NoteSourceError(f"no *{SUFFIX} file in {location}; name the folder of the patients")
    for file in files:
        yield _read_patient(file)


def read_n2c2(location: Path) -> Iterator[SourceNote]:
    """The notes of `read_patients`."""
    for patient in read_patients(location):
        yield from patient.notes


def _read_patient(file: Path) -> CohortPatient:
    root = _parsed(file)
    text = root.findtext("TEXT")
    if not (text or "").strip():
        raise NoteSourceError(f"{file}: no TEXT; is this a file of n2c2 2018 track 1?")
    pieces = [piece.strip() for piece in _SEPARATOR.split(text or "")]
    notes = tuple(
        SourceNote(id=f"{file.stem}-{number}", patient_id=file.stem, text=piece, date=_date(piece))
        for number, piece in enumerate(filter(None, pieces), 1)
    )
    if not notes:
        raise NoteSourceError(f"{file}: TEXT holds nothing but separators")
    return CohortPatient(file.stem, notes, _labels(file, root.find("TAGS")))


def _parsed(file: Path) -> Element:
    try:
        # What the files have none of is forbidden, not expanded.
        root = parse(file, forbid_dtd=True, forbid_entities=True, forbid_external=True).getroot()
    except ParseError as error:
        raise NoteSourceError(f"{file}: line {error.position[0]}: not well-formed XML") from None
    except DefusedXmlException:
        raise NoteSourceError(
            f"{file}: it declares a document type or entities; the files of n2c2 have none, and "
            "they are never expanded"
        ) from None
    except (ValueError, LookupError):  # an encoding that the parser does not know
        raise NoteSourceError(f"{file}: its encoding cannot be read; save it as UTF-8") from None
    except OSError as error:
        raise NoteSourceError(f"cannot read {file}: {error.strerror}") from None
    if root is None:
        raise NoteSourceError(f"{file}: no element")
    return root


def _labels(file: Path, tags: Element | None) -> Mapping[Criterion, bool] | None:
    if tags is None:
        return None
    labels: dict[Criterion, bool] = {}
    for tag in tags:
        if tag.tag not in set(Criterion) or tag.get("met") not in _MET:
            raise NoteSourceError(
                f"{file}: TAGS: what is not one of the {len(Criterion)} criteria with "
                'met="met" or met="not met"'
            )
        labels[Criterion(tag.tag)] = _MET[tag.get("met", "")]
    if missing := [criterion.value for criterion in Criterion if criterion not in labels]:
        raise NoteSourceError(f"{file}: TAGS: no label for {', '.join(missing)}")
    return labels


def _date(text: str) -> str | None:
    found = _DATE.search(text)
    return found[1] if found else None
