"""Cohort selection from files of the n2c2 form; every text in them was written for these tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from shared.criteria.question import AnswerType, Question
from shared.criteria.study import Study
from shared.students.interface import Answer, Verdict
from training.evaluate import command
from training.evaluate.cohort_answering import (
    NoLabelsError,
    answer_cohort,
    answers_of,
    dates_of,
    hold,
    labels_of,
)
from training.evaluate.cohort_report import CohortReport, build_cohort_report
from training.evaluate.cohort_table import as_cohort_table
from training.evaluate.command import Wanted, evaluate_folder
from training.evaluate.forms import shipped_studies
from training.evaluate.page import cohort_page
from training.notes.n2c2 import CohortPatient, Criterion, read_patients
from training.notes.records import SourceNote

SEPARATOR = "\n" + "*" * 60 + "\n"
FIRST = "Record date: 2106-02-12\nCreatinine 2.1 mg/dL. HBA1C 7.2. aspirin-for-the-heart daily."
SECOND = "Record date: 2106-05-02\nCreatinine 1.0 mg/dL. HBA1C 10.5. interpreter present."


class LineEngine:
    """Yes where the question's id stands in the note; a number is the word after it."""

    version = "lines-1"

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        return [self._answer(text.lower(), question) for question in questions]

    def _answer(self, text: str, question: Question) -> Answer:
        _, found, after = text.partition(question.id.lower())
        if not found:
            return Answer(question=question.key, verdict=Verdict.NA, confidence=0.9)
        if question.type is AnswerType.NUMERIC:
            return Answer(
                question=question.key,
                verdict=Verdict.NUMBER,
                number=float(after.split()[0].rstrip(".")),
                unit=question.unit,
                confidence=0.9,
            )
        return Answer(question=question.key, verdict=Verdict.YES, confidence=0.9)


def write_patient(folder: Path, name: str, text: str, met: set[Criterion] | None) -> None:
    tags = ""
    if met is not None:
        labels = (f'<{c} met="{"met" if c in met else "not met"}" />' for c in Criterion)
        tags = f"<TAGS>{''.join(labels)}</TAGS>"
    body = f"<PatientMatching><TEXT><![CDATA[{text}]]></TEXT>{tags}</PatientMatching>"
    (folder / f"{name}.xml").write_text(body)


MET = {Criterion.CREATININE, Criterion.ASP_FOR_MI, Criterion.MAKES_DECISIONS}


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    folder = tmp_path / "cohort"
    folder.mkdir()
    write_patient(folder, "100", FIRST + SEPARATOR + SECOND, MET)
    write_patient(folder, "101", FIRST, {Criterion.HBA1C, Criterion.ENGLISH})
    return folder


@pytest.fixture
def patients(cohort: Path) -> list[CohortPatient]:
    return list(read_patients(cohort))


@pytest.fixture
def study() -> Study:
    return next(study for study in shipped_studies() if study.id == "n2c2-2018")


def test_the_study_has_the_criteria_of_the_task(study: Study) -> None:
    assert {criterion.id for criterion in study.criteria} == set(Criterion)


def test_numbers_are_asked_as_numbers_and_thresholded_over_all_notes(
    patients: list[CohortPatient], study: Study
) -> None:
    both, first = (hold(study, p, answers_of(LineEngine(), p, study)) for p in patients)
    assert both[Criterion.CREATININE] is True  # the highest is 2.1
    assert both[Criterion.HBA1C] is False  # the newest is 10.5
    assert first[Criterion.HBA1C] is True


def test_what_the_notes_do_not_settle_is_not_met_but_for_what_is_presumed(
    patients: list[CohortPatient], study: Study
) -> None:
    said = answer_cohort(LineEngine(), patients, study)
    assert said.said["101"][Criterion.ENGLISH]
    assert said.said["101"][Criterion.MAKES_DECISIONS]
    assert not said.said["101"][Criterion.DRUG_ABUSE]
    assert not said.said["100"][Criterion.ENGLISH]  # an interpreter was there
    assert said.unknown[Criterion.DRUG_ABUSE] == 2
    assert said.unknown[Criterion.HBA1C] == 0


def report_of(patients: list[CohortPatient], study: Study) -> CohortReport:
    cohort = answer_cohort(LineEngine(), patients, study)
    return build_cohort_report(
        "cohort", labels_of(patients), engine="lines", student=cohort, others={"same": cohort}
    )


def test_the_report_counts_patients_and_notes_and_pairs_students(
    patients: list[CohortPatient], study: Study
) -> None:
    report = report_of(patients, study)
    assert (report.patients, report.notes) == (2, 3)
    assert report.score.criteria["HBA1C"].f1 == 1.0
    same = report.others["same"]
    assert same.micro_f1_margin.value == 0.0
    assert (same.micro_f1_p, same.labels.p, same.labels.pairs) == (1.0, 1.0, 26)


def test_table_and_page_list_every_criterion(patients: list[CohortPatient], study: Study) -> None:
    report = report_of(patients, study)
    console = Console(width=200, record=True, quiet=True)
    with console.capture() as shown:
        console.quiet = False
        console.print(as_cohort_table(report))
    page = cohort_page(report)
    for criterion in Criterion:
        assert criterion in shown.get()
        assert criterion in page
    assert "Creatinine 2.1" not in page


def test_the_command_knows_the_files_and_writes_figures_and_page(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "BASELINES", {})
    json_file, html = tmp_path / "report.json", tmp_path / "report.html"
    evaluate_folder(cohort, Wanted(engine="always-na", json=json_file, html=html))
    written = json.loads(json_file.read_text())
    # Never an answer: "met" for the two presumed criteria, "not met" for the other eleven.
    assert written["unknown"] == dict.fromkeys(map(str, Criterion), 2)
    assert written["score"]["criteria"]["DRUG-ABUSE"]["f1"] == 0.5
    assert "micro" in html.read_text()


def test_patients_without_labels_cannot_be_scored(tmp_path: Path) -> None:
    write_patient(tmp_path, "100", FIRST, None)
    with pytest.raises(NoLabelsError, match="patient 100 has no labels"):
        labels_of(read_patients(tmp_path))


def note(date: str | None) -> SourceNote:
    return SourceNote(id="1", patient_id="1", text="x", date=date)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["2106-02-12", None, "2106-05-02"], ["2106-02-12", "2106-02-12", "2106-05-02"]),
        ([None, "2106-02-12"], ["2106-02-12", "2106-02-12"]),
        (["2106-02-30", "2106-03-01"], ["2106-03-01", "2106-03-01"]),
        ([None], ["1900-01-01"]),
    ],
)
def test_an_undated_note_is_of_the_day_of_its_neighbour(
    given: list[str | None], taken: list[str]
) -> None:
    assert [at.date().isoformat() for at in dates_of([note(date) for date in given])] == taken
