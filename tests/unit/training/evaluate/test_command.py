"""`chartsift evaluate FOLDER` from the folder to the figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from shared.criteria.question import Question
from shared.criteria.study import Study
from shared.eligibility import as_whole_questions
from shared.students.interface import Answer, Standing, StudentEngine, Verdict
from training.baselines import BASELINES
from training.evaluate import command
from training.evaluate.answering import EngineContractError, Outcome, answer_all, asked_of
from training.evaluate.command import Wanted, evaluate_folder, measure_folder, shipped_studies
from training.evaluate.engines import EngineNotOpenedError
from training.evaluate.errors import write_errors
from training.evaluate.folder import read_folder
from training.evaluate.report import Report
from training.evaluate.scoring import Metric
from training.evaluate.subjects import subjects
from training.evaluate.table import as_tables


def lines(records: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def outcomes(engine: StudentEngine, folder: Path, study: Study) -> tuple[Outcome, ...]:
    read = read_folder(folder)
    asked = asked_of(read, subjects(read.questions, [study]))
    return answer_all(engine, asked).outcomes


@pytest.fixture(autouse=True)
def one_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other baselines take seconds to load."""
    monkeypatch.setattr(command, "BASELINES", {"always-na": BASELINES["always-na"]})


@pytest.fixture
def report(folder: Path, study: Study, engine: StudentEngine) -> Report:
    console = Console(file=StringIO())
    return measure_folder(read_folder(folder), "words", engine, [study], console)[0]


def test_every_pair_that_is_not_disputed_is_scored(
    engine: StudentEngine, folder: Path, study: Study
) -> None:
    scored = [(o.pair.note, o.pair.question) for o in outcomes(engine, folder, study)]
    assert scored == [
        ("N1", "dual"),
        ("N1", "creatinine"),
        ("N1", "asthma"),
        ("N2", "dual"),
        ("N2", "asthma"),
        ("N3", "dual"),
        ("N3", "creatinine"),
        ("N3", "asthma"),
    ]


def test_an_engine_that_follows_the_key_scores_one(report: Report) -> None:
    assert {metric.value: e.value for metric, e in report.metrics.items()} == dict.fromkeys(
        [metric.value for metric in Metric], 1.0
    )


def test_baselines_are_measured_on_the_same_pairs(report: Report) -> None:
    baseline = report.baselines["always-na"]
    assert baseline.metrics[Metric.NUMERIC_ACCURACY].value == 0.5
    assert baseline.margin[Metric.NUMERIC_ACCURACY].value == 0.5
    assert baseline.metrics[Metric.YES_PRECISION].value is None


def test_a_question_has_null_where_a_metric_does_not_apply(report: Report) -> None:
    written = json.loads(report.model_dump_json())["questions"]["creatinine"]
    assert written["expected"] == {"number": 1, "NA": 1}
    assert written["metrics"]["numeric_accuracy"]["value"] == 1.0
    assert written["metrics"]["yes_precision"] == {"value": None, "low": None, "high": None}


def test_every_claim_behind_a_criterion_brings_its_quote(
    engine: StudentEngine, folder: Path, study: Study
) -> None:
    dual = outcomes(engine, folder, study)[0].pair
    assert (dual.claims, dual.verbatim) == (2, 2)


class Changed:
    """Another engine's answers, changed."""

    version = "changed"

    def __init__(self, engine: StudentEngine, **changes: Any) -> None:
        self.engine, self.changes = engine, changes

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        return [
            answer if answer.verdict is Verdict.NA else answer.model_copy(update=self.changes)
            for answer in self.engine.answer(text, questions)
        ]


@pytest.mark.parametrize("changes", [{"quote": "Aspirin"}, {"quote": None}, {"offset": 1}])
def test_a_quote_that_does_not_stand_where_it_says_is_not_verbatim(
    engine: StudentEngine, folder: Path, study: Study, changes: dict[str, Any]
) -> None:
    pairs = [o.pair for o in outcomes(Changed(engine, **changes), folder, study)]
    assert sum(pair.claims for pair in pairs) > 0
    assert sum(pair.verbatim for pair in pairs) == 0


def test_an_engine_that_leaves_a_question_out_is_refused(
    engine: StudentEngine, folder: Path, study: Study
) -> None:
    class Silent:
        version = "silent"

        def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
            return []

    with pytest.raises(EngineContractError, match="silent did not answer the 4 questions"):
        outcomes(Silent(), folder, study)


def test_wrong_answers_are_listed_without_text_unless_quotes_are_asked_for(
    engine: StudentEngine, folder: Path, study: Study, tmp_path: Path
) -> None:
    file = tmp_path / "errors.jsonl"
    unsure = Changed(engine, standing=Standing.REVIEW)
    assert write_errors(outcomes(unsure, folder, study), file) == 4
    wrong = Changed(engine, verdict=Verdict.NO, number=None)
    write_errors(outcomes(wrong, folder, study)[:1], file)
    first = json.loads(file.read_text())
    claims = first.pop("claims")
    assert first == {
        "note": "N1",
        "id": "dual",
        "expected": "Yes",
        "got": "No",
        "confidence": 0.8,
    }
    assert claims[0] == {"question": "s/aspirin", "answer": "No", "confidence": 0.8}
    write_errors(outcomes(wrong, folder, study)[:1], file, quotes=True)
    assert json.loads(file.read_text())["claims"][0]["quote"] == "aspirin"


def test_the_tables_show_each_metric_and_each_question(report: Report) -> None:
    out = StringIO()
    Console(file=out, width=140).print(as_tables(report))
    shown = out.getvalue()
    for text in ("3 notes, 8 pairs (1 disputed", "1.000 [1.00, 1.00]", "asthma", "+0.500"):
        assert text in shown


def test_the_command_writes_the_report(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "BASELINES", {})
    file = tmp_path / "report.json"
    evaluate_folder(folder, Wanted(engine="always-na", json=file))
    assert json.loads(file.read_text())["metrics"]["yes_precision"]["value"] is None


def test_the_command_writes_the_page_with_notes_only_if_asked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "BASELINES", {})
    file = tmp_path / "new" / "report.html"
    evaluate_folder(folder, Wanted(engine="always-na", html=file))
    assert "clopidogrel. Creatinine" not in file.read_text()
    evaluate_folder(folder, Wanted(engine="always-na", html=file, with_notes=True))
    assert "clopidogrel. Creatinine" in file.read_text()


def test_other_students_stand_beside_the_first_on_the_same_pairs(
    folder: Path, study: Study, engine: StudentEngine
) -> None:
    unsure = Changed(engine, standing=Standing.REVIEW)
    console = Console(file=StringIO())
    report, _ = measure_folder(
        read_folder(folder), "words", engine, [study], console, {"unsure": unsure}
    )
    other = report.against["unsure"]
    assert next(iter(report.others)) == "unsure"
    assert other.answers.only_this == 4
    assert other.margin[Metric.NUMERIC_ACCURACY].value == 0.5
    assert other.commitment.proposed == 4
    assert other.commitment.proposed_right.value == 1.0


def test_a_baseline_that_is_asked_for_is_not_run_twice(
    folder: Path, study: Study, engine: StudentEngine
) -> None:
    from training.baselines.always_na import AlwaysNA

    console = Console(file=StringIO())
    report, _ = measure_folder(
        read_folder(folder), "words", engine, [study], console, {"always-na": AlwaysNA()}
    )
    assert "always-na" not in report.baselines


def test_a_student_named_twice_is_refused(folder: Path) -> None:
    with pytest.raises(EngineNotOpenedError, match="always-na is named twice"):
        evaluate_folder(folder, Wanted(engine="always-na", against=["always-na"]))


def test_the_report_holds_no_text_of_a_note(report: Report) -> None:
    assert "Takes aspirin" not in report.model_dump_json()


def test_intervals_are_over_patients_where_they_are_known(
    folder: Path, study: Study, engine: StudentEngine
) -> None:
    notes = [json.loads(line) for line in (folder / "notes.jsonl").read_text().splitlines()]
    (folder / "notes.jsonl").write_text(lines([note | {"mrn": "P"} for note in notes]))
    report, found = measure_folder(
        read_folder(folder), "words", engine, [study], Console(file=StringIO())
    )
    assert (report.notes, report.patients) == (3, 1)
    assert {outcome.pair.patient for outcome in found} == {"P"}


def test_the_report_is_by_type_and_by_length_of_the_note(report: Report) -> None:
    assert {way: list(parts) for way, parts in report.parts.items()} == {
        "type": ["boolean", "numeric"],
        "length": ["up to 250 words"],
    }


def test_the_report_reads_back_as_it_was(report: Report) -> None:
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_a_baseline_that_is_not_installed_is_left_out_with_the_cure(
    folder: Path, study: Study, engine: StudentEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = {name: BASELINES[name] for name in ("always-na", "medspacy-rules")}
    monkeypatch.setattr(command, "BASELINES", two)
    monkeypatch.setitem(__import__("sys").modules, "training.baselines.medspacy_rules", None)
    console = Console(file=StringIO())
    report, _ = measure_folder(read_folder(folder), "words", engine, [study], console)
    assert "chartsift[evaluate]" in report.left_out["medspacy-rules"]
    assert list(report.baselines) == ["always-na"]


SAMPLE_HOSPITAL = Path(__file__).parents[4] / "infra/sample-hospital"


def test_every_question_of_the_sample_hospital_is_answered_by_a_shipped_study() -> None:
    read = read_folder(SAMPLE_HOSPITAL)
    answered_by = [s.answered_by.split()[0] for s in subjects(read.questions, shipped_studies())]
    assert (answered_by.count("criterion"), answered_by.count("question")) == (26, 10)


def test_a_criterion_put_whole_gives_the_answer_of_the_key() -> None:
    """The key replayed through the studies, each criterion as one question, scores one."""
    read = read_folder(SAMPLE_HOSPITAL)
    studies = [as_whole_questions(study) for study in shipped_studies()]
    keys = {note.text: note.expected for note in read.notes}

    class Key:
        version = "key"

        def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
            return [self._answer(keys[text].get(q.id, Verdict.NA), q) for q in questions]

        def _answer(self, value: Verdict | float, question: Question) -> Answer:
            if isinstance(value, Verdict):
                return Answer(question=question.key, verdict=value, confidence=1)
            return Answer(
                question=question.key,
                verdict=Verdict.NUMBER,
                number=value,
                unit=question.unit,
                confidence=1,
            )

    scored = answer_all(Key(), asked_of(read, subjects(read.questions, studies))).outcomes
    assert len(scored) > 2000
    assert all(outcome.pair.right for outcome in scored)
