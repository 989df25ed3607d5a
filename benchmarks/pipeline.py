"""The whole pipeline on this machine: notes a second, what is not the student, memory.

    .venv/bin/python benchmarks/pipeline.py [--study apixaban-af] [--words 600] [--json FILE]

Every service runs as its own process, as in the demo. A first patient warms everything up; then the
sample hospital's notes, brought to one length, are sent, timed until the last one is written.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from services.demo import hospital, site
from services.demo.hospital import Hospital, SampleNote
from services.demo.metered import metering
from services.demo.passage import send_through
from services.demo.usage import peak_megabytes
from services.supervisor import Supervisor
from shared.settings import Settings


@dataclass(frozen=True)
class Measured:
    """not_student: share of the CPU time of all services that is not the student's, None where
    it cannot be measured. peak_megabytes: largest resident memory of each service."""

    cores: int
    student: str
    studies: dict[str, int]
    questions: int
    notes: int
    words: int
    seconds: float
    notes_a_second: float
    not_student: float | None
    peak_megabytes: dict[str, float | None]


def measure(study: str | None, words: int) -> Measured:
    """study: the one that stays active; None: all that are shipped. words: of each note."""
    sample = hospital.load()
    first = sample.patients[0].mrn
    warming = of_patients(sample, lambda mrn: mrn == first)
    timed = lengthened(of_patients(sample, lambda mrn: mrn != first), words)
    silent = Console(quiet=True)
    with tempfile.TemporaryDirectory() as folder:
        meter, logs = Path(folder) / "student-seconds.txt", Path(folder) / "logs"
        variables = site.environment(Path(folder)) | metering(Settings().student, meter)
        settings = site.settings_of(variables)
        with Supervisor(settings, variables, logs) as services:
            services.wait_until_ready(120)
            if study is not None:
                keep_only(settings, study)
            asyncio.run(send_through(settings, warming, services, silent, meter))
            run = asyncio.run(send_through(settings, timed, services, silent, meter))
            memory = {name: peak_megabytes(pid) for name, pid in services.pids.items()}
    notes = len(timed.notes)
    return Measured(
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        student=Settings().student,
        studies={one.id: len(one.criteria) for one in run.studies},
        questions=sum(len(one.questions) for one in run.studies),
        notes=notes,
        words=words,
        seconds=run.seconds,
        notes_a_second=notes / run.seconds,
        not_student=None if run.student_share is None else 1 - run.student_share,
        peak_megabytes=memory,
    )


def of_patients(sample: Hospital, chosen: Callable[[str], bool]) -> Hospital:
    """The patients whose number is chosen, with their notes."""
    return Hospital(
        patients=tuple(patient for patient in sample.patients if chosen(patient.mrn)),
        notes=tuple(note for note in sample.notes if chosen(note.mrn)),
    )


def lengthened(sample: Hospital, words: int) -> Hospital:
    """Notes of exactly so many words: each goes on with the patient's other notes."""

    def long(note: SampleNote) -> SampleNote:
        same = [other for other in sample.notes if other.mrn == note.mrn]
        at = same.index(note)
        text = "\n\n".join(other.text for other in islice(cycle(same[at:] + same[:at]), words))
        cut = list(re.finditer(r"\S+", text))[words - 1].end()
        return note.model_copy(update={"text": text[:cut]})

    return sample.model_copy(update={"notes": tuple(long(note) for note in sample.notes)})


def keep_only(settings: Settings, study: str) -> None:
    """Retires every other study."""
    url = f"{settings.trials_url}/studies"
    active = [one["id"] for one in httpx.get(url).raise_for_status().json()]
    if study not in active:
        raise typer.BadParameter(f"{study} is not one of {', '.join(active)}")
    for other in active:
        if other != study:
            httpx.post(f"{url}/{other}/retire").raise_for_status()


def main(
    study: Annotated[
        str, typer.Option(help="The one active study; empty: all that are shipped.")
    ] = "apixaban-af",
    words: Annotated[int, typer.Option(min=1, help="Length of each note.")] = 600,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here.")
    ] = None,
) -> None:
    """Measure the throughput of the whole pipeline on this machine."""
    measured = measure(study or None, words)
    table = Table("whole pipeline", "", box=None)
    criteria = ", ".join(f"{name} ({number} criteria)" for name, number in measured.studies.items())
    table.add_row("cores", str(measured.cores))
    table.add_row("studies", f"{criteria}, {measured.questions} questions a note")
    table.add_row("notes", f"{measured.notes} of {measured.words} words")
    table.add_row("notes a second", f"{measured.notes_a_second:.2f}")
    if measured.not_student is not None:
        table.add_row("CPU time that is not the student's", f"{measured.not_student:.0%}")
    for name, megabytes in measured.peak_megabytes.items():
        if megabytes is not None:
            table.add_row(f"peak memory of {name}", f"{megabytes:.0f} MB")
    Console().print(table)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
