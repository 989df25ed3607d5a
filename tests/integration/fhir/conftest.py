"""The FHIR server that the contract tests talk to.

CHARTSIFT_TEST_FHIR_URL names a server to test instead of the embedded one. Tests that ask for
`embedded` or `process` look at what only the embedded server promises, and are skipped then.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.fhir.app import create_app
from shared.settings import Settings

OUTSIDE = os.environ.get("CHARTSIFT_TEST_FHIR_URL", "")
FHIR_JSON = {"Content-Type": "application/fhir+json"}

Resource = dict[str, Any]


@pytest.fixture
async def fhir(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose relative URLs are below the server's base."""
    headers = {"Accept": "application/fhir+json", "Cache-Control": "no-cache"}
    if OUTSIDE:
        async with httpx.AsyncClient(base_url=OUTSIDE, headers=headers, timeout=60) as client:
            yield client
        return
    app = create_app(Settings(data_dir=tmp_path, database_url=""))
    transport = httpx.ASGITransport(app=app)
    base = "http://fhir.test/fhir"
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client,
    ):
        yield client


@pytest.fixture
def embedded() -> None:
    if OUTSIDE:
        pytest.skip("a promise of the embedded server alone")


@pytest.fixture
def system() -> str:
    """An identifier system that no other test uses."""
    return f"http://chartsift.test/{uuid.uuid4()}"


@pytest.fixture
def patient(system: str) -> Resource:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": "p-1"}],
        "gender": "female",
        "birthDate": "1950-02-03",
        "name": [{"family": "Testfrau", "given": ["Ada"]}],
    }


@pytest.fixture
async def stored_patient(fhir: httpx.AsyncClient, patient: Resource) -> Resource:
    answer = await fhir.post("Patient", json=patient)
    assert answer.status_code == 201, answer.text
    stored: Resource = answer.json()
    return stored


class Process:
    """The embedded server as a process of its own, on a port of its own."""

    def __init__(self, data_dir: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/fhir"
        self._data_dir = data_dir
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "--factory", "services.fhir.app:create_app"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"]
        environment = os.environ | {
            "CHARTSIFT_DATA_DIR": str(self._data_dir),
            "CHARTSIFT_DATABASE_URL": "",
            "CHARTSIFT_FHIR_SUBSCRIPTION_ATTEMPTS": "3",
            "CHARTSIFT_FHIR_SUBSCRIPTION_BACKOFF_SECONDS": "0.05",
        }
        self._process = subprocess.Popen(command, env=environment)
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            try:
                httpx.get(self.url.replace("/fhir", "/ready"), timeout=5).raise_for_status()
                return
            except httpx.HTTPError:
                assert self._process.poll() is None, "the server process ended"
                time.sleep(0.1)
        raise AssertionError("the server did not become ready")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One for all tests of a module."""
    if OUTSIDE:
        pytest.skip("a promise of the embedded server alone")
    started = Process(tmp_path_factory.mktemp("fhir"))
    yield started
    started.stop()
