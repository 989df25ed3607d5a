"""The student alone: notes a second, and what reading only the best passages saves.

    .venv/bin/python benchmarks/student.py [--study apixaban-af] [--words 600] [--json FILE]

Side by side in one run, on the same notes: the student as shipped, which reads the best passages
for each question, and the same network reading every passage for every question.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from pipeline import lengthened
from rich.console import Console
from rich.table import Table

from services.demo import hospital
from shared.criteria.question import Question
from shared.criteria.shipped import shipped_studies
from shared.students.encoder import SHIPPED
from shared.students.encoder.engine import EncoderStudent
from shared.students.interface import StudentEngine

EVERY_PASSAGE = 10_000
NOTES_READ_WHOLE = 10  # of the slow alternative


@dataclass(frozen=True)
class Timed:
    way: str
    notes: int
    notes_a_second: float


@dataclass(frozen=True)
class Measured:
    student: str
    study: str
    criteria: int
    questions: int
    words: int
    timed: list[Timed]
    peak_megabytes: float


def measure(study_id: str, words: int) -> Measured:
    study = next(one for one in shipped_studies() if one.id == study_id)
    texts = [note.text for note in lengthened(hospital.load(), words).notes]
    ranked = EncoderStudent(SHIPPED)
    first = timed("best passages (as shipped)", ranked, texts, study.questions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    whole = EncoderStudent(SHIPPED, passages=EVERY_PASSAGE)
    second = timed("every passage", whole, texts[:NOTES_READ_WHOLE], study.questions)
    return Measured(
        student=ranked.version,
        study=study.id,
        criteria=len(study.criteria),
        questions=len(study.questions),
        words=words,
        timed=[first, second],
        peak_megabytes=peak,
    )


def timed(
    way: str, student: StudentEngine, texts: Sequence[str], questions: Sequence[Question]
) -> Timed:
    student.answer(texts[0], questions)  # warms up; questions are encoded once
    began = time.perf_counter()
    for text in texts:
        student.answer(text, questions)
    return Timed(way, len(texts), len(texts) / (time.perf_counter() - began))


def main(
    study: Annotated[str, typer.Option(help="Whose questions are asked.")] = "apixaban-af",
    words: Annotated[int, typer.Option(min=1, help="Length of each note.")] = 600,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here.")
    ] = None,
) -> None:
    """Measure the embedded student on this machine."""
    measured = measure(study, words)
    table = Table("student", "notes a second", box=None)
    for one in measured.timed:
        table.add_row(one.way, f"{one.notes_a_second:.2f}")
    console = Console()
    console.print(
        f"{measured.student}: {measured.criteria} criteria of {measured.study}, "
        f"{measured.questions} questions a note, notes of {measured.words} words"
    )
    console.print(table)
    console.print(f"peak memory {measured.peak_megabytes:.0f} MB")
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
