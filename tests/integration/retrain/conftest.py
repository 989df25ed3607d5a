"""A hospital's FHIR server (CHARTSIFT_TEST_FHIR_URL, else the embedded one on a port of its own),
and a retraining service whose runs are carried out by the functions of `stand_in_runs`: they train
nothing, and show what a run can do to the service."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
import yaml
from sqlalchemy import Engine

from services.fhir.app import create_app as create_fhir
from services.retrain.tables import TABLES
from shared.database import create_tables, open_engine
from shared.fhir import ids, systems
from shared.settings import Settings

HERE = Path(__file__).parent
PATIENCE = 90.0  # seconds after which a test gives up waiting


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Any]:
    return eventually


def eventually(condition: Callable[[], Any], what: str = "it") -> Any:
    """What `condition` gives as soon as it is true."""
    give_up = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < give_up, f"{what} never came true"
        time.sleep(0.05)
    return found


@dataclass
class Files:
    """Where a run of the tests works. `gate` lets runs that wait for it go on."""

    folder: Path

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    def write(self, execute: str, **retrain: Any) -> None:
        run = {
            "name": "test",
            "folder": "anywhere",
            "dataset": str(self.folder / "dataset"),
            "registry": str(self.folder / "registry"),
        }
        body = {
            "base": "run.yaml",
            "execute": f"stand_in_runs:{execute}",
            "corrections": "none",
            **retrain,
        }
        (self.folder / "run.yaml").write_text(yaml.safe_dump(run))
        (self.folder / "retrain.yaml").write_text(yaml.safe_dump(body))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.syspath_prepend(str(HERE))  # spawned processes have it too
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = Files(tmp_path)
    found.write("quick")
    return found


@pytest.fixture
def settings(files: Files) -> Settings:
    nowhere = "http://127.0.0.1:9"
    return Settings(
        _env_file=None,
        data_dir=files.folder,
        retrain_config=files.folder / "retrain.yaml",
        trials_url=nowhere,
        fhir_url=f"{nowhere}/fhir",
    )


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings.database("retrain"))
    create_tables(engine, TABLES)
    yield engine
    engine.dispose()


@dataclass
class Hospital:
    """Patients, notes and answers on the FHIR server, each test with its own study."""

    url: str
    http: httpx.Client
    study: str = field(default_factory=lambda: f"t{uuid4().hex[:10]}")

    def put(self, resource: dict[str, Any]) -> dict[str, Any]:
        address = f"{self.url}/{resource['resourceType']}/{resource['id']}"
        return dict(self.http.put(address, json=resource).raise_for_status().json())

    def patient(self, id: str = "") -> str:
        return str(self.put({"resourceType": "Patient", "id": id or str(uuid4())})["id"])

    def note(self, patient: str, text: str, id: str = "", **elements: Any) -> dict[str, Any]:
        data = base64.b64encode(text.encode()).decode()
        return self.put(
            {
                "resourceType": "DocumentReference",
                "id": id or str(uuid4()),
                "status": "current",
                "subject": {"reference": f"Patient/{patient}"},
                "date": "2026-11-01T08:00:00Z",
                "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
                **elements,
            }
        )

    def answer(self, question: str, about: dict[str, Any], /, **elements: Any) -> dict[str, Any]:
        """By default what a person confirmed."""
        key = f"{self.study}/{question}"
        resource = {
            "resourceType": "Observation",
            "id": ids.observation_id(key, about["id"]),
            "status": "final",
            "code": {
                "coding": [{"system": systems.QUESTIONS, "code": key}],
                "text": f"{question.upper()}?",
            },
            "subject": about["subject"],
            "derivedFrom": [
                {
                    "reference": f"DocumentReference/{about['id']}"
                    f"/_history/{about['meta']['versionId']}"
                }
            ],
            **elements,
        }
        return self.put({name: value for name, value in resource.items() if value is not None})

    def provenance(self, observation: dict[str, Any], who: str) -> None:
        kind, id = who.split("/")
        if kind == "Device":
            self.put({"resourceType": "Device", "id": id})
        else:
            self.put({"resourceType": kind, "id": id})
        self.put(
            {
                "resourceType": "Provenance",
                "id": str(uuid4()),
                "target": [{"reference": f"Observation/{observation['id']}"}],
                "recorded": "2026-11-25T10:00:00Z",
                "agent": [{"who": {"reference": who}}],
            }
        )


@pytest.fixture(scope="module")
def fhir_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if url := os.environ.get("CHARTSIFT_TEST_FHIR_URL"):
        yield url
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_fhir(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("fhir")))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, "the FHIR server")
    yield f"http://127.0.0.1:{port}/fhir"
    server.should_exit = True
    thread.join()


@pytest.fixture
def hospital(fhir_url: str) -> Iterator[Hospital]:
    with httpx.Client(timeout=30) as http:
        yield Hospital(fhir_url, http)
