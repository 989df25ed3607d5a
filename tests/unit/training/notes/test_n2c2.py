"""The XML files of n2c2 2018 track 1."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.notes.n2c2 import Criterion, read_n2c2, read_patients
from training.notes.records import NoteSourceError

STARS = "*" * 100
TWO_VISITS = f"""

Record date: 2106-02-12

EDVISIT^12345678^Example
He drinks < 2 beers & takes aspirin.

{STARS}
Record date: 2106-05-02
Creatinine 1.6.

{STARS}
"""
MET = {Criterion.ADVANCED_CAD, Criterion.CREATININE}
TAGS = "".join(
    f'<{criterion} met="{"met" if criterion in MET else "not met"}" />\n' for criterion in Criterion
)


def write(
    folder: Path, text: str = TWO_VISITS, tags: str | None = TAGS, name: str = "101.xml"
) -> Path:
    labels = "" if tags is None else f"<TAGS>\n{tags}</TAGS>\n"
    (folder / name).write_text(
        '<?xml version="1.0" encoding="UTF-8" ?>\n<PatientMatching>\n'
        f"<TEXT><![CDATA[{text}]]></TEXT>\n{labels}</PatientMatching>\n"
    )
    return folder


def test_the_notes_of_a_patient_are_told_apart_and_dated(tmp_path: Path) -> None:
    first, second = read_n2c2(write(tmp_path))
    assert (first.id, first.patient_id, first.date) == ("101-1", "101", "2106-02-12")
    assert (second.id, second.patient_id, second.date) == ("101-2", "101", "2106-05-02")
    assert first.text.endswith("He drinks < 2 beers & takes aspirin.")
    assert second.text == "Record date: 2106-05-02\nCreatinine 1.6."


def test_labels_are_read_for_all_thirteen_criteria(tmp_path: Path) -> None:
    (patient,) = read_patients(write(tmp_path))
    assert patient.labels is not None
    assert len(patient.labels) == 13
    assert {criterion for criterion, met in patient.labels.items() if met} == MET


def test_a_file_without_labels_still_has_notes(tmp_path: Path) -> None:
    (patient,) = read_patients(write(tmp_path, tags=None))
    assert patient.labels is None
    assert len(patient.notes) == 2


def test_patients_of_folders_below_and_of_one_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    write(tmp_path / "train", name="103.xml")
    write(tmp_path / "train", name="102.xml")
    assert [patient.id for patient in read_patients(tmp_path)] == ["102", "103"]
    assert [patient.id for patient in read_patients(tmp_path / "train" / "103.xml")] == ["103"]


@pytest.mark.parametrize(
    ("tags", "cause"),
    [
        (TAGS.replace('met="not met"', 'met="perhaps"', 1), "not one of the 13 criteria"),
        (TAGS + '<SECRET met="met" />', "not one of the 13 criteria"),
        (TAGS.replace('<ENGLISH met="not met" />', ""), "no label for ENGLISH"),
    ],
)
def test_labels_that_are_not_the_thirteen_are_an_error(
    tmp_path: Path, tags: str, cause: str
) -> None:
    with pytest.raises(NoteSourceError, match=cause) as error:
        list(read_patients(write(tmp_path, tags=tags)))
    assert "SECRET" not in str(error.value)


def test_a_file_without_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "1.xml").write_text("<PatientMatching><TEXT/></PatientMatching>")
    with pytest.raises(NoteSourceError, match=r"1.xml: no TEXT"):
        list(read_n2c2(tmp_path))
    with pytest.raises(NoteSourceError, match="nothing but separators"):
        list(read_n2c2(write(tmp_path, text=f"\n{STARS}\n") / "101.xml"))


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x><TEXT>&b;</TEXT></x>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x><TEXT>&a;</TEXT></x>'
FETCHED = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x><TEXT>a</TEXT></x>'


@pytest.mark.parametrize("hostile", [BOMB, OUTSIDE, FETCHED])
def test_entities_and_document_types_are_refused_unexpanded(tmp_path: Path, hostile: str) -> None:
    (tmp_path / "1.xml").write_text(hostile)
    with pytest.raises(NoteSourceError, match="declares a document type or entities"):
        list(read_n2c2(tmp_path))


def test_a_file_that_is_cut_off_is_an_error_with_its_line(tmp_path: Path) -> None:
    file = write(tmp_path) / "101.xml"
    file.write_text(file.read_text()[:-30])
    with pytest.raises(NoteSourceError, match=r"101.xml: line \d+: not well-formed XML"):
        list(read_n2c2(tmp_path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.one_of(
        st.binary(max_size=99),
        st.sampled_from(["x", "utf-7", "utf-16"]).map(
            lambda name: f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()
        ),
    )
)
def test_any_bytes_are_a_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1.xml").write_bytes(content)
    with pytest.raises(NoteSourceError, match=r"1.xml"):
        list(read_n2c2(tmp_path))
