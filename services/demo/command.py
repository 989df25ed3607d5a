"""`chartsift demo`: from an empty folder to eligibility with quotes, on one machine."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
from rich.console import Console

from services.demo import comparison, hospital, report, site
from services.demo.metered import metering
from services.demo.passage import Run, Stuck, send_through
from services.running import interrupted_by_signals
from services.supervisor import NotReady, Supervisor
from shared.criteria.catalog import CatalogUnavailable
from shared.fhir.client import FhirError
from shared.settings import Settings
from training.evaluate.folder import EvaluationFolder, read_folder

READY_WITHIN = 120.0  # seconds


class DemoFailed(Exception):
    """The message names the cause, and where to look."""


def run(folder: Path, hospital_folder: Path | None, keep: bool) -> None:
    """Raises DemoFailed; KeyboardInterrupt once everything is stopped."""
    console = Console()
    source = hospital_folder or hospital.FOLDER
    try:
        sample, key = hospital.load(source), read_folder(source)
        data = site.fresh_folder(folder)
    except (OSError, ValueError, site.FolderInUse) as error:
        raise DemoFailed(str(error)) from error
    meter, logs = data / "student-seconds.txt", data / "logs"
    variables = site.environment(data) | metering(Settings().student, meter)
    settings = site.settings_of(variables)
    console.print(f"Starting five services; their data and logs are in {folder}.")
    try:
        with (
            interrupted_by_signals(),
            Supervisor(settings, variables, logs, say=console.print) as services,
        ):
            services.wait_until_ready(READY_WITHIN)
            done = asyncio.run(send_through(settings, sample, services, console, meter))
            _show(console, sample, key, done)
            if keep:
                _keep(console, settings, services)
    except (NotReady, CatalogUnavailable, FhirError, httpx.HTTPError, Stuck) as error:
        raise DemoFailed(f"{error} The services' logs are in {logs}.") from error


def _show(console: Console, sample: hospital.Hospital, key: EvaluationFolder, done: Run) -> None:
    titles = {study.id: study.title for study in done.studies}
    note_ids = {note.document_id: note.id for note in sample.notes}
    report.print_patients(console, sample.patients, done.found.screened, titles, note_ids)
    console.rule()
    pairs = comparison.beside_key(key, done.studies, done.found.answers)
    report.print_questions(console, pairs)
    report.print_outcomes(console, comparison.outcomes(sample.patients, done.found.screened))
    console.print(
        "On the FHIR server: "
        + ", ".join(f"{number} {kind}" for kind, number in done.found.resources.items())
    )
    notes = len(sample.notes)
    speed = f"{notes} notes in {done.seconds:.1f} s: {notes / done.seconds:.2f} notes a second"
    if done.student_share is not None:
        speed += f"; the student took {done.student_share:.0%} of the CPU time of all services"
    console.print(f"{speed}.")


def _keep(console: Console, settings: Settings, services: Supervisor) -> None:
    console.print(
        f"The services run on. FHIR server {settings.fhir_url}, notes to {settings.ingest_url}, "
        f"studies at {settings.trials_url}. Ctrl-C stops everything."
    )
    while True:
        services.tend()
        time.sleep(0.5)
