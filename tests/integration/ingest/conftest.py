"""A real FHIR server and a real ingest, each behind a socket, that can be stopped and started."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from services.fhir.app import create_app as create_fhir
from services.ingest.app import create_app as create_ingest
from shared.settings import Settings


class Served:
    """An application on a port of its own; `start` after `stop` is a restart."""

    def __init__(self, create: Callable[[], FastAPI], path: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self._create = create
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def start(self) -> None:
        config = uvicorn.Config(self._create(), port=self.port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        eventually(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


def eventually(condition: Callable[[], Any], within: float = 20.0) -> Any:
    """What `condition` gives as soon as it is true."""
    give_up = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.02)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=tmp_path,
        ingest_sweep_seconds=0.2,
        ingest_max_attachment_bytes=2_000_000,
    )


@pytest.fixture
def fhir(settings: Settings) -> Iterator[Served]:
    served = Served(lambda: create_fhir(settings), "/fhir")
    settings.fhir_url = served.url
    served.start()
    served.http.put("/Patient/p1", json={"resourceType": "Patient", "id": "p1"}).raise_for_status()
    yield served
    served.stop()


@pytest.fixture
def ingest(settings: Settings, fhir: Served) -> Iterator[Served]:
    served = Served(lambda: create_ingest(settings))
    served.start()
    yield served
    served.stop()


@pytest.fixture
def note() -> Callable[..., dict[str, Any]]:
    def make(text: str | bytes = "No chest pain.", **elements: Any) -> dict[str, Any]:
        content = text.encode() if isinstance(text, str) else text
        attachment = {"contentType": "text/plain", "data": base64.b64encode(content).decode()}
        resource = {
            "resourceType": "DocumentReference",
            "id": "note-1",
            "status": "current",
            "subject": {"reference": "Patient/p1"},
            "date": "2026-10-30T10:00:00Z",
            "content": [{"attachment": attachment}],
            **elements,
        }
        return {name: value for name, value in resource.items() if value is not None}

    return make
