"""`chartsift evaluate FOLDER`: a student and two baselines beside a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from shared.criteria.study import Study, load_study
from shared.students.interface import StudentEngine
from training.baselines import BASELINES, BaselineUnavailableError
from training.evaluate.answering import Outcome, answer_folder
from training.evaluate.engines import open_engine
from training.evaluate.errors import write_errors
from training.evaluate.folder import EvaluationFolder, read_folder
from training.evaluate.report import Measured, Report, build_report
from training.evaluate.subjects import Subject, subjects
from training.evaluate.table import as_tables

STUDIES = Path(__file__).parents[2] / "studies"


def evaluate_folder(
    folder: Path,
    engine: str = "encoder",
    json_path: Path | None = None,
    errors_path: Path | None = None,
    error_quotes: bool = False,
) -> Report:
    """Prints the tables; writes the report (JSON) and the wrong answers (JSON Lines) if asked.

    engine: a student engine, or the name of a baseline. error_quotes: quotes are patient text.
    Raises EvaluationFolderError, EngineNotOpenedError; the messages name cause and cure.
    """
    read = read_folder(folder)
    for output in (json_path, errors_path):
        if output is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
    student = open_engine(engine)
    console = Console()
    report, outcomes = measure_folder(read, engine, student, shipped_studies(), console)
    console.print(as_tables(report))
    if json_path is not None:
        json_path.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if errors_path is not None:
        wrong = write_errors(outcomes, errors_path, quotes=error_quotes)
        console.print(f"{wrong} wrong answers written to {errors_path}")
    return report


def measure_folder(
    folder: EvaluationFolder,
    engine: str,
    student: StudentEngine,
    studies: Sequence[Study],
    console: Console,
) -> tuple[Report, list[Outcome]]:
    """The report, and the student's outcomes behind it."""
    asked = subjects(folder.questions, studies)
    baselines: dict[str, Measured] = {}
    left_out: dict[str, str] = {}
    with Progress(console=console, transient=True) as progress:

        def measured(name: str, answering: StudentEngine) -> tuple[Measured, list[Outcome]]:
            bar = progress.add_task(name, total=len(folder.notes))
            return _measured(answering, folder, asked, lambda: progress.advance(bar))

        student_measured, outcomes = measured(engine, student)
        for name, open_baseline in BASELINES.items():
            try:
                baseline = open_baseline()
            except BaselineUnavailableError as error:
                left_out[name] = str(error)
            else:
                baselines[name], _ = measured(name, baseline)
    report = build_report(
        folder,
        asked,
        engine=engine,
        student=student_measured,
        baselines=baselines,
        left_out=left_out,
    )
    return report, outcomes


def _measured(
    engine: StudentEngine,
    folder: EvaluationFolder,
    asked: Sequence[Subject],
    on_note: Callable[[], None],
) -> tuple[Measured, list[Outcome]]:
    began = time.perf_counter()
    outcomes = answer_folder(engine, folder, asked, on_note)
    seconds = time.perf_counter() - began
    pairs = tuple(outcome.pair for outcome in outcomes)
    return Measured(version=engine.version, seconds=seconds, pairs=pairs), outcomes


def shipped_studies() -> tuple[Study, ...]:
    """The studies that ChartSift ships, by file name."""
    return tuple(load_study(file) for file in sorted(STUDIES.glob("*.yaml")))
