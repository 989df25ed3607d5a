"""`chartsift evaluate FOLDER`: a student beside a key, the baselines and other students."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from rich.console import Console
from rich.progress import Progress

from shared.criteria.study import Study
from shared.students.interface import StudentEngine
from training.baselines import BASELINES, BaselineUnavailableError
from training.evaluate.answering import Answered, Outcome, answer_all, asked_of
from training.evaluate.cohort_answering import STUDY, Cohort, answer_cohort, labels_of
from training.evaluate.cohort_report import CohortReport, build_cohort_report
from training.evaluate.cohort_table import as_cohort_table
from training.evaluate.engines import names_of, open_engine
from training.evaluate.errors import write_errors
from training.evaluate.folder import EvaluationFolder
from training.evaluate.forms import STUDIES, Asked, Form, form_of, read_asked, shipped_studies
from training.evaluate.page import cohort_page, report_page
from training.evaluate.report import Report, build_report
from training.evaluate.subjects import subjects
from training.evaluate.table import as_tables
from training.evaluate.usage import Price
from training.notes.n2c2 import CohortPatient, read_patients

__all__ = ["STUDIES", "Wanted", "evaluate_folder", "measure_folder", "shipped_studies"]


@dataclass(frozen=True)
class Wanted:
    """What is measured and written. against: other students, as `open_engine` takes them.
    html: of the report for people; with_notes: notes and quotes, which are patient text, in it.
    errors: wrong answers as JSON Lines; quotes: patient text in them.
    prices: by engine name. allow_hosts: to which notes may go, beside private networks."""

    engine: str = "encoder"
    against: Sequence[str] = ()
    json: Path | None = None
    html: Path | None = None
    with_notes: bool = False
    errors: Path | None = None
    quotes: bool = False
    prices: Mapping[str, Price] = field(default_factory=dict)
    allow_hosts: Sequence[str] = ()


def evaluate_folder(folder: Path, wanted: Wanted = Wanted()) -> Report | CohortReport:
    """Prints the tables and writes the files that are asked for.

    Raises EvaluationFolderError, DatasetError, NoteSourceError, NothingToScoreError,
    NoLabelsError, EngineNotOpenedError, ServedModelError; the messages name cause and cure.
    """
    console = Console()
    form = form_of(folder)
    cohort = list(read_patients(folder)) if form is Form.COHORT else []
    asked = None if cohort else read_asked(folder, form)
    for output in (wanted.json, wanted.html, wanted.errors):
        if output is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
    names = names_of(wanted.engine, wanted.against)
    student = open_engine(wanted.engine, wanted.allow_hosts)
    against = {name: open_engine(name, wanted.allow_hosts) for name in names}
    report: Report | CohortReport
    if asked is None:
        report = _measure_cohort(folder, cohort, student, against, wanted, console)
        html = cohort_page(report)
        console.print(as_cohort_table(report))
    else:
        report, outcomes = _measure(asked, student, against, wanted, console)
        html = report_page(report, outcomes, with_notes=wanted.with_notes)
        console.print(as_tables(report))
        if wanted.errors is not None:
            wrong = write_errors(outcomes, wanted.errors, quotes=wanted.quotes)
            console.print(f"{wrong} wrong answers written to {wanted.errors}")
    if wanted.json is not None:
        wanted.json.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if wanted.html is not None:
        wanted.html.write_text(html, encoding="utf-8")
        console.print(f"Report for people written to {wanted.html}")
    return report


def measure_folder(
    folder: EvaluationFolder,
    engine: str,
    student: StudentEngine,
    studies: Sequence[Study],
    console: Console,
    against: Mapping[str, StudentEngine] | None = None,
) -> tuple[Report, Sequence[Outcome]]:
    """The report, and the student's outcomes behind it."""
    notes = asked_of(folder, subjects(folder.questions, studies))
    asked = Asked(folder.name, notes, folder.disputed)
    return _measure(asked, student, against or {}, Wanted(engine=engine), console)


def _measure(
    asked: Asked,
    student: StudentEngine,
    against: Mapping[str, StudentEngine],
    wanted: Wanted,
    console: Console,
) -> tuple[Report, Sequence[Outcome]]:
    def answered(engine: StudentEngine, on_note: Callable[[], None]) -> Answered:
        return answer_all(engine, asked.notes, on_note)

    run = _run_all(answered, len(asked.notes), student, against, wanted.engine, console)
    report = build_report(
        asked.name,
        asked.notes,
        engine=wanted.engine,
        student=run.student,
        baselines=run.baselines,
        against=run.against,
        left_out=run.left_out,
        disputed=asked.disputed,
        prices=wanted.prices,
    )
    return report, run.student.outcomes


def _measure_cohort(
    folder: Path,
    patients: Sequence[CohortPatient],
    student: StudentEngine,
    against: Mapping[str, StudentEngine],
    wanted: Wanted,
    console: Console,
) -> CohortReport:
    key = labels_of(patients)
    study = next(study for study in shipped_studies() if study.id == STUDY)

    def answered(engine: StudentEngine, on_patient: Callable[[], None]) -> Cohort:
        return answer_cohort(engine, patients, study, on_patient)

    run = _run_all(answered, len(patients), student, against, wanted.engine, console)
    return build_cohort_report(
        folder.resolve().name,
        key,
        engine=wanted.engine,
        student=run.student,
        others={**run.against, **run.baselines},
        left_out=run.left_out,
        prices=wanted.prices,
    )


Result = TypeVar("Result")
Answering = Callable[[StudentEngine, Callable[[], None]], Result]


@dataclass(frozen=True)
class _Run(Generic[Result]):
    student: Result
    against: dict[str, Result]
    baselines: dict[str, Result]
    left_out: dict[str, str]


def _run_all(
    answered: Answering[Result],
    total: int,
    student: StudentEngine,
    against: Mapping[str, StudentEngine],
    name: str,
    console: Console,
) -> _Run[Result]:
    """One after the other, each with its bar. Baselines that are asked for are not run twice."""
    left_out: dict[str, str] = {}
    with Progress(console=console, transient=True) as progress:

        def run(label: str, engine: StudentEngine) -> Result:
            bar = progress.add_task(label, total=total)
            return answered(engine, lambda: progress.advance(bar))

        first = run(name, student)
        others = {other: run(other, engine) for other, engine in against.items()}
        baselines: dict[str, Result] = {}
        for baseline, open_baseline in BASELINES.items():
            if baseline == name or baseline in against:
                continue
            try:
                engine = open_baseline()
            except BaselineUnavailableError as error:
                left_out[baseline] = str(error)
            else:
                baselines[baseline] = run(baseline, engine)
    return _Run(first, others, baselines, left_out)
