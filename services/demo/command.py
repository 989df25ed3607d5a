"""`chartsift demo`: from an empty folder to eligibility with quotes, on one machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from services.demo import comparison, findings, hospital, report, site
from services.demo.progress import Stages, note_states, stages
from services.demo.sending import send_notes, send_patients
from services.running import interrupted_by_signals
from services.supervisor import NotReady, Supervisor
from shared.criteria.catalog import CatalogUnavailable, StudyCatalog
from shared.criteria.study import Study
from shared.fhir.client import FhirClient, FhirError, open_fhir
from shared.settings import Settings
from training.evaluate.folder import EvaluationFolder, read_folder

READY_WITHIN = 120.0  # seconds
STUCK_AFTER = 120.0  # seconds in which no note moved on
LISTED_WITHIN = 60.0  # seconds in which the screening lists follow the last note


class DemoFailed(Exception):
    """The message names the cause, and where to look."""


class Stuck(Exception):
    """The pipeline stands still; the message says where."""


@dataclass(frozen=True)
class Run:
    """seconds: from the first note sent to the last one written."""

    studies: tuple[Study, ...]
    found: findings.Findings
    seconds: float


def run(folder: Path, hospital_folder: Path | None, keep: bool) -> None:
    """Raises DemoFailed; KeyboardInterrupt once everything is stopped."""
    console = Console()
    source = hospital_folder or hospital.FOLDER
    try:
        sample, key = hospital.load(source), read_folder(source)
        data = site.fresh_folder(folder)
    except (OSError, ValueError, site.FolderInUse) as error:
        raise DemoFailed(str(error)) from error
    variables = site.environment(data)
    settings = site.settings_of(variables)
    logs = data / "logs"
    console.print(f"Starting five services; their data and logs are in {folder}.")
    try:
        with (
            interrupted_by_signals(),
            Supervisor(settings, variables, logs, say=console.print) as services,
        ):
            services.wait_until_ready(READY_WITHIN)
            done = asyncio.run(_through_the_pipeline(settings, sample, services.tend, console))
            _show(console, sample, key, done)
            if keep:
                _keep(console, settings, services)
    except (NotReady, CatalogUnavailable, FhirError, httpx.HTTPError, Stuck) as error:
        raise DemoFailed(f"{error} The services' logs are in {logs}.") from error


async def _through_the_pipeline(
    settings: Settings, sample: hospital.Hospital, tend: Callable[[], None], console: Console
) -> Run:
    async with (
        open_fhir(settings) as fhir,
        StudyCatalog(settings.trials_url) as catalog,
        httpx.AsyncClient(timeout=60) as http,
    ):
        studies = await catalog.studies()
        asked = sum(len(study.questions) for study in studies)
        console.print(
            f"The hospital sends {len(sample.patients)} patients and {len(sample.notes)} notes; "
            f"each note is asked {asked} questions for {len(studies)} studies."
        )
        await send_patients(fhir, sample.patients)
        began = time.monotonic()
        with stages(len(sample.notes), console) as shown:
            sending = asyncio.create_task(
                send_notes(http, settings.ingest_url, sample.notes, shown.sent)
            )
            await _until_written(http, settings.ingest_url, sending, shown, tend)
        seconds = time.monotonic() - began
        await _until_listed(fhir, studies, tend)
        found = await findings.read(fhir, studies, [patient.id for patient in sample.patients])
        return Run(studies, found, seconds)


async def _until_written(
    http: httpx.AsyncClient,
    ingest_url: str,
    sending: asyncio.Task[None],
    shown: Stages,
    tend: Callable[[], None],
) -> None:
    """Raises Stuck when a note has failed, or when none moves on."""
    moved_at, before = time.monotonic(), dict[str, int]()
    while before.get("written", 0) < shown.total:
        if sending.done():
            sending.result()
        states = await note_states(http, ingest_url)
        if failed := states.get("failed", 0):
            raise Stuck(f"{failed} notes failed: chartsift note ID says why.")
        if states != before:
            moved_at, before = time.monotonic(), states
        elif time.monotonic() - moved_at > STUCK_AFTER:
            raise Stuck(f"No note has moved on for {STUCK_AFTER:.0f} s.")
        shown.reached(states)
        tend()
        await asyncio.sleep(0.2)


async def _until_listed(
    fhir: FhirClient, studies: tuple[Study, ...], tend: Callable[[], None]
) -> None:
    """The screening lists follow the last note after a moment."""
    deadline = time.monotonic() + LISTED_WITHIN
    while missing := await findings.unlisted(fhir, studies):
        if time.monotonic() > deadline:
            raise Stuck(f"{len(missing)} candidates are not on their screening lists.")
        tend()
        await asyncio.sleep(0.2)


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
    console.print(
        f"{notes} notes in {done.seconds:.1f} s: {notes / done.seconds:.2f} notes a second."
    )


def _keep(console: Console, settings: Settings, services: Supervisor) -> None:
    console.print(
        f"The services run on. FHIR server {settings.fhir_url}, notes to {settings.ingest_url}, "
        f"studies at {settings.trials_url}. Ctrl-C stops everything."
    )
    while True:
        services.tend()
        time.sleep(0.5)
