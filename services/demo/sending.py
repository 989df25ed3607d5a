"""What the hospital's own systems do: patients to the FHIR server, notes to ingest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_exponential

from services.demo.hospital import SampleNote, SamplePatient
from shared.fhir.client import Entry, FhirClient

AT_ONCE = 4  # notes on their way to ingest
PATIENCE = 60  # seconds for which a note is sent again while ingest does not take it


async def send_patients(fhir: FhirClient, patients: Iterable[SamplePatient]) -> None:
    """All patients in one transaction. Raises FhirError."""
    await fhir.transaction(
        [Entry("PUT", patient.resource(), f"Patient/{patient.id}") for patient in patients]
    )


async def send_notes(
    http: httpx.AsyncClient,
    ingest_url: str,
    notes: Iterable[SampleNote],
    on_sent: Callable[[], None],
) -> None:
    """Each note until ingest has acknowledged it, as an integration engine does. on_sent: after
    each acknowledgement. Raises httpx.HTTPError."""
    places = asyncio.Semaphore(AT_ONCE)

    async def send(note: SampleNote) -> None:
        url = f"{ingest_url}/fhir/DocumentReference/{note.document_id}"
        async with places:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(_passes),
                wait=wait_exponential(multiplier=0.2, max=5),
                stop=stop_after_delay(PATIENCE),
                reraise=True,
            ):
                with attempt:
                    (await http.put(url, json=note.resource())).raise_for_status()
        on_sent()

    async with asyncio.TaskGroup() as group:
        for note in notes:
            group.create_task(send(note))


def _passes(error: BaseException) -> bool:
    """No connection, and what the server says is its own trouble, passes."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 500, 502, 503, 504)
    return isinstance(error, httpx.TransportError)
