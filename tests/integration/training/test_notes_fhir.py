"""The notes of a real FHIR server, behind a socket: the embedded one, or the one at
CHARTSIFT_TEST_FHIR_URL."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from services.fhir.app import create_app
from shared.settings import Settings
from training.notes import open_source

HEADERS = {"Content-Type": "application/fhir+json"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    elsewhere = os.environ.get("CHARTSIFT_TEST_FHIR_URL")
    if elsewhere:
        yield elsewhere.rstrip("/")
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_app(
        Settings(
            _env_file=None,
            data_dir=tmp_path_factory.mktemp("fhir"),
            fhir_url=f"http://127.0.0.1:{port}/fhir",
        )
    )
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    give_up = time.monotonic() + 30
    while not server.started and time.monotonic() < give_up:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/fhir"
    server.should_exit = True
    thread.join()


class Hospital:
    """One patient that no other test uses, and its notes."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.patient = f"p-{uuid.uuid4()}"
        self.notes = f"{base}/DocumentReference?patient=Patient/{self.patient}"
        self.put({"resourceType": "Patient", "id": self.patient})

    def put(self, resource: dict[str, Any]) -> str:
        url = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        httpx.put(url, json=resource, headers=HEADERS, timeout=60).raise_for_status()
        return str(resource["id"])

    def document(self, text: str = "Well.", **elements: Any) -> dict[str, Any]:
        data = base64.b64encode(text.encode()).decode()
        return {
            "resourceType": "DocumentReference",
            "id": f"n-{uuid.uuid4()}",
            "status": "current",
            "subject": {"reference": f"Patient/{self.patient}"},
            "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
            **elements,
        }


@pytest.fixture
def hospital(base: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hospital:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    monkeypatch.setenv("CHARTSIFT_FHIR_URL", base)
    return Hospital(base)


def test_inline_text_and_binaries_are_read(hospital: Hospital) -> None:
    text = "Größe 180 cm.\r\nNo chest pain.\n"
    inline = hospital.put(hospital.document(text))
    binary = hospital.put(
        {
            "resourceType": "Binary",
            "id": f"b-{uuid.uuid4()}",
            "contentType": "text/plain; charset=iso-8859-1",
            "data": base64.b64encode(text.encode("latin-1")).decode(),
        }
    )
    attachment = {"contentType": "text/plain; charset=iso-8859-1", "url": f"Binary/{binary}"}
    stored = hospital.put(hospital.document(content=[{"attachment": attachment}]))
    notes = {note.id: note for note in open_source(hospital.notes)}
    assert notes.keys() == {inline, stored}
    assert {note.text for note in notes.values()} == {text}
    assert {note.patient_id for note in notes.values()} == {hospital.patient}


def test_retracted_superseded_and_replaced_notes_are_left_out(hospital: Hospital) -> None:
    hospital.put(hospital.document(status="entered-in-error"))
    hospital.put(hospital.document(status="superseded"))
    old = hospital.put(hospital.document())
    target = {"reference": f"DocumentReference/{old}"}
    new = hospital.put(hospital.document(relatesTo=[{"code": "replaces", "target": target}]))
    assert [note.id for note in open_source(hospital.notes)] == [new]


def test_every_page_is_read(hospital: Hospital) -> None:
    documents = [hospital.document(f"Note {number}.") for number in range(230)]
    entry = [
        {
            "resource": one,
            "request": {"method": "PUT", "url": f"DocumentReference/{one['id']}"},
        }
        for one in documents
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entry}
    httpx.post(hospital.base, json=bundle, headers=HEADERS, timeout=120).raise_for_status()
    assert {note.id for note in open_source(hospital.notes)} == {one["id"] for one in documents}


def test_a_note_in_a_format_that_is_not_read_stops_no_other(hospital: Hospital) -> None:
    picture = {"contentType": "image/png", "data": "QQ=="}
    hospital.put(hospital.document(content=[{"attachment": picture}]))
    good = hospital.put(hospital.document())
    assert [note.id for note in open_source(hospital.notes)] == [good]
