"""The sample hospital's notes on their way through the running services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from services.demo import findings
from services.demo.hospital import Hospital
from services.demo.metered import read_meter
from services.demo.progress import Stages, a_failure, note_states, stages
from services.demo.sending import send_notes, send_patients
from services.demo.usage import cpu_seconds
from services.supervisor import Supervisor
from shared.criteria.catalog import StudyCatalog
from shared.criteria.study import Study
from shared.fhir.client import FhirClient, open_fhir
from shared.settings import Settings

STUCK_AFTER = 120.0  # seconds in which no note moved on
LISTED_WITHIN = 60.0  # seconds in which the screening lists follow the last note


class Stuck(Exception):
    """The pipeline stands still; the message says where."""


@dataclass(frozen=True)
class Run:
    """seconds: from the first note sent to the last one written. student_share: of the CPU time
    of all services meanwhile; None where it cannot be measured."""

    studies: tuple[Study, ...]
    found: findings.Findings
    seconds: float
    student_share: float | None


async def send_through(
    settings: Settings,
    sample: Hospital,
    services: Supervisor,
    console: Console,
    meter: Path,
) -> Run:
    """From the patients on the FHIR server to the screening lists. meter: of the student.

    Raises Stuck, CatalogUnavailable, FhirError or httpx.HTTPError."""
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
        already = (await note_states(http, settings.ingest_url)).get("written", 0)
        began, used, asked_for = time.monotonic(), _used(services), read_meter(meter)
        with stages(len(sample.notes), already, console) as shown:
            sending = asyncio.create_task(
                send_notes(http, settings.ingest_url, sample.notes, shown.sent)
            )
            await _until_written(http, settings.ingest_url, sending, shown, services.tend)
        seconds, used = time.monotonic() - began, _used(services) - used
        share = (read_meter(meter) - asked_for) / used if used else None
        await _until_listed(fhir, studies, services.tend)
        found = await findings.read(fhir, studies, [patient.id for patient in sample.patients])
        return Run(studies, found, seconds, share)


async def _until_written(
    http: httpx.AsyncClient,
    ingest_url: str,
    sending: asyncio.Task[None],
    shown: Stages,
    tend: Callable[[], None],
) -> None:
    """Raises Stuck when a note has failed, or when none moves on."""
    moved_at, before = time.monotonic(), dict[str, int]()
    while shown.counts["written"] < shown.total:
        if sending.done():
            sending.result()
        states = await note_states(http, ingest_url)
        if failed := states.get("failed", 0):
            raise Stuck(f"{failed} notes failed, such as {await a_failure(http, ingest_url)}")
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


def _used(services: Supervisor) -> float:
    """CPU seconds of all services; 0 where they cannot be measured."""
    return sum(cpu_seconds(pid) or 0.0 for pid in services.pids.values())
