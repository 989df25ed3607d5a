"""Every service as its own process, with a student that reads `question: answer` lines."""

from __future__ import annotations

import base64
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.demo import site
from services.supervisor import Supervisor
from shared.bus import Bus, open_bus
from shared.settings import Settings

HERE = Path(__file__).parent
PATIENCE = 180.0  # seconds after which a test gives up waiting


@dataclass
class Pipeline:
    """The running services, seen from outside: HTTP, FHIR, and signals to their processes."""

    settings: Settings
    services: Supervisor
    http: httpx.Client
    restarting: bool = True
    patients: list[str] = field(default_factory=list)

    def until(self, reached: Callable[[], bool], what: str) -> None:
        """Waits, and meanwhile restarts what has died unless `restarting` is off."""
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
            if self.restarting:
                self.services.tend()
            time.sleep(0.1)

    def kill(self, name: str) -> None:
        """SIGKILL: the process gets no chance to finish anything."""
        os.kill(self.services.pids[name], signal.SIGKILL)
        self.until(lambda: name not in self.services.pids, f"{name} is dead")

    def new_patient(self, **elements: Any) -> str:
        """Id of a new Patient on the FHIR server."""
        patient = {"resourceType": "Patient", "id": str(uuid4()), **elements}
        self.http.put(f"{self.fhir}/Patient/{patient['id']}", json=patient).raise_for_status()
        self.patients.append(patient["id"])
        return str(patient["id"])

    def send(self, patient: str, text: str, **elements: Any) -> str:
        """Id of a note that ingest has acknowledged; sent again until it is, as senders do."""
        resource = note(patient, text, **elements)
        url = f"{self.settings.ingest_url}/fhir/DocumentReference/{resource['id']}"

        def acknowledged() -> bool:
            try:
                response = self.http.put(url, json=resource)
            except httpx.TransportError:
                return False
            assert response.status_code < 500 or response.status_code == 503, response.text
            return response.is_success

        self.until(acknowledged, "ingest acknowledges the note")
        return str(resource["id"])

    def state(self, note_id: str) -> dict[str, Any]:
        response = self.http.get(f"{self.settings.ingest_url}/notes/{note_id}")
        return dict(response.raise_for_status().json())

    def written(self, *note_ids: str) -> None:
        """Waits until ingest says that all of these notes are written."""

        def all_written() -> bool:
            try:
                return all(self.state(one)["state"] == "written" for one in note_ids)
            except httpx.TransportError:
                return False

        self.until(all_written, f"{len(note_ids)} notes are written")

    def find(self, kind: str, **parameters: str) -> list[dict[str, Any]]:
        """All matches on the FHIR server."""
        found: list[dict[str, Any]] = []
        bundle = self.http.get(f"{self.fhir}/{kind}", params={"_count": "200", **parameters})
        while True:
            page = bundle.raise_for_status().json()
            found += [entry["resource"] for entry in page.get("entry", [])]
            following = [link["url"] for link in page["link"] if link["relation"] == "next"]
            if not following:
                return found
            bundle = self.http.get(following[0])

    def versions(self, resource: dict[str, Any]) -> int:
        """How often a resource has been written."""
        url = f"{self.fhir}/{resource['resourceType']}/{resource['id']}/_history"
        return len(self.http.get(url, params={"_count": "100"}).raise_for_status().json()["entry"])

    def bus(self) -> closing[Bus]:
        return closing(open_bus(self.settings.bus()))

    @property
    def fhir(self) -> str:
        return self.settings.fhir_url


def note(patient: str, text: str, **elements: Any) -> dict[str, Any]:
    """A DocumentReference with an id of its own."""
    return {
        "resourceType": "DocumentReference",
        "id": str(uuid4()),
        "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "date": "2026-10-01T08:00:00Z",
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "data": base64.b64encode(text.encode()).decode(),
                }
            }
        ],
        **elements,
    }


def started(folder: Path, **variables: str) -> Iterator[Pipeline]:
    environment = {
        **site.environment(folder),
        "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]),
        **variables,
    }
    settings = site.settings_of(environment)
    with (
        Supervisor(settings, environment, folder / "logs") as services,
        httpx.Client(timeout=60) as http,
    ):
        services.wait_until_ready(PATIENCE)
        yield Pipeline(settings, services, http)


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """One for all tests; each test uses patients of its own."""
    yield from started(
        tmp_path_factory.mktemp("pipeline"),
        CHARTSIFT_STUDENT="tiny_student:open_student",
        TINY_STUDENT_SECONDS="0.1",
        CHARTSIFT_SCREENING_LIST_DELAY="0.2",
        CHARTSIFT_REVIEW_SWEEP="1",
    )
