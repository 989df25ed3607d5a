"""Delivers what is owed: studies to the FHIR server, re-screenings to ingest, until accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

import httpx
from sqlalchemy import Engine

from services.trials import outbox
from shared.fhir.client import Entry, FhirClient, Resource
from shared.fhir.errors import FhirError, FhirUnavailable
from shared.fhir.research import criteria_group, research_study
from shared.telemetry import describe, get_logger

PAUSE = 1.0
"""Seconds between two looks at the outbox when nobody wakes it."""

log = get_logger()


async def deliver(
    engine: Engine,
    fhir: FhirClient,
    http: httpx.AsyncClient,
    ingest_url: str,
    wake: asyncio.Event,
) -> None:
    """Runs until cancelled. A failure is logged and tried again; it never ends the loop."""
    while True:
        wake.clear()
        await _surviving(publish_due(engine, fhir))
        await _surviving(rescreen_due(engine, http, ingest_url))
        with suppress(TimeoutError):
            # Not wait_for: before Python 3.12 it can swallow a cancellation that meets the waking.
            async with asyncio.timeout(PAUSE):
                await wake.wait()


async def _surviving(attempt: Awaitable[None]) -> None:
    try:
        await attempt
    except Exception as error:
        log.error("delivery failed", error=describe(error))


async def publish_due(engine: Engine, fhir: FhirClient) -> None:
    for publication in await asyncio.to_thread(outbox.due_publications, engine):
        try:
            await fhir.transaction([_put(resource) for resource in _resources(publication)])
        except FhirError as error:
            wait = error.retry_after if isinstance(error, FhirUnavailable) else None
            await asyncio.to_thread(
                outbox.publication_failed, engine, publication, describe(error), wait
            )
            log.warning(
                "study not published yet", study=publication.study.id, error=describe(error)
            )
        else:
            await asyncio.to_thread(outbox.published, engine, publication)
            log.info(
                "study published", study=publication.study.id, version=publication.study.version
            )


async def rescreen_due(engine: Engine, http: httpx.AsyncClient, ingest_url: str) -> None:
    due = await asyncio.to_thread(outbox.due_rescreening, engine)
    if due is None:
        return
    url = f"{ingest_url.rstrip('/')}/rescreen"
    try:
        response = await http.post(url, json={"reason": due.reason})
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        problem = f"POST {url} was answered by {error.response.status_code}"
    except httpx.HTTPError as error:
        problem = f"no answer from {url} ({type(error).__name__}): start the ingest service"
    else:
        await asyncio.to_thread(outbox.rescreening_accepted, engine, due)
        log.info("re-screening accepted by ingest")
        return
    await asyncio.to_thread(outbox.rescreening_failed, engine, due, problem)
    log.warning("re-screening not accepted yet", error=problem, url=url)


def _resources(publication: outbox.Publication) -> list[Resource]:
    study, active = publication.study, publication.active
    older = [criteria_group(replaced, active=False) for replaced in publication.replaced]
    return [*older, criteria_group(study, active=active), research_study(study, active=active)]


def _put(resource: Resource) -> Entry:
    return Entry("PUT", resource, f"{resource['resourceType']}/{resource['id']}")
