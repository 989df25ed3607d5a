"""What a hospital may not send: each refusal names the cause, and nothing is kept."""

from __future__ import annotations

import pytest

from services.fhir.app import create_app as create_fhir
from services.ingest.app import create_app as create_ingest
from shared.settings import Settings

from .conftest import Served


@pytest.fixture(scope="module")
def fhir(tmp_path_factory):
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("fhir"))
    served = Served(lambda: create_fhir(settings), "/fhir")
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def ingest(tmp_path_factory, fhir):
    folder = tmp_path_factory.mktemp("ingest")
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        fhir_url=fhir.url,
        ingest_max_attachment_bytes=2_000_000,
    )
    served = Served(lambda: create_ingest(settings))
    served.start()
    yield served
    served.stop()


def push(ingest, resource):
    return ingest.http.post("/fhir/DocumentReference", json=resource)


def said(answer) -> str:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    return body["issue"][0]["diagnostics"]


PLAIN = {"contentType": "text/plain", "data": "QQ=="}


@pytest.mark.parametrize(
    ("elements", "status", "cause"),
    [
        ({"subject": None}, 422, "no subject"),
        ({"content": [{"attachment": PLAIN}, {"attachment": PLAIN}]}, 422, "2 attachments"),
        ({"content": [{"attachment": PLAIN | {"data": "Q!"}}]}, 422, "not valid base64"),
        (
            {"content": [{"attachment": PLAIN | {"contentType": "text/plain; charset=klingon"}}]},
            422,
            "charset 'klingon' is not supported",
        ),
        ({"content": [{"attachment": PLAIN | {"data": "ICAK"}}]}, 422, "note is empty"),
        (
            {"content": [{"attachment": PLAIN | {"contentType": "application/pdf"}}]},
            422,
            "'application/pdf' cannot be read",
        ),
        (
            {"content": [{"attachment": {"contentType": "text/plain", "url": "Binary/none"}}]},
            422,
            "Binary/none is not on the FHIR server",
        ),
        ({"id": None}, 422, "neither an id nor an identifier"),
        ({"status": "bogus"}, 422, "DocumentReference.status"),
        ({"date": "yesterday"}, 422, "DocumentReference.date"),
        ({"content": "text"}, 422, "DocumentReference.content"),
        ({"resourceType": "Patient"}, 422, "not a DocumentReference"),
    ],
)
def test_bad_notes_are_refused_with_the_cause(ingest, note, elements, status, cause):
    answer = push(ingest, note(**elements))
    assert answer.status_code == status
    assert cause in said(answer)
    assert ingest.http.get("/notes").json()["notes"] == []


@pytest.mark.parametrize("where", ["other", "user", "path", "file"])
def test_a_url_outside_the_fhir_server_is_refused_and_never_fetched(ingest, fhir, note, where):
    url = {
        "other": f"http://localhost:{fhir.port}/fhir/Binary/b1",
        "user": f"http://127.0.0.1:{fhir.port}@evil.example/fhir/Binary/b1",
        "path": f"{fhir.url}/../fhir/Binary/b1",
        "file": "file:///etc/passwd",
    }[where]
    answer = push(ingest, note(content=[{"attachment": {"contentType": "text/plain", "url": url}}]))
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["code"] == "security"
    assert "nothing else is ever fetched" in said(answer)


def test_an_attachment_of_50_mb_is_refused_with_413(ingest, note):
    answer = push(ingest, note(b"x" * 50_000_000))
    assert answer.status_code == 413
    assert "CHARTSIFT_INGEST_MAX_ATTACHMENT_BYTES" in said(answer)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "cause"),
    [
        (b"<Patient/>", "application/fhir+xml", 415, "Send FHIR as JSON"),
        (b"{", "application/fhir+json", 400, "not JSON in UTF-8 (line 1, column 2)"),
        (b"\xff\xfe\xff", "application/json", 400, "not JSON in UTF-8"),
        (b"[" * 100_000, "application/json", 400, "not JSON"),
        (b"[]", "application/json", 422, "not a DocumentReference"),
        (b"null", "application/json", 422, "not a DocumentReference"),
    ],
)
def test_bodies_that_are_no_resource_are_refused(ingest, body, content_type, status, cause):
    answer = ingest.http.post(
        "/fhir/DocumentReference", content=body, headers={"content-type": content_type}
    )
    assert answer.status_code == status
    assert cause in said(answer)


def test_unknown_notes_addresses_and_parameters_are_told_as_operation_outcomes(ingest):
    assert ingest.http.get("/notes/none").status_code == 404
    assert "There is no note none here" in said(ingest.http.get("/notes/none"))
    assert ingest.http.get("/nowhere").json()["resourceType"] == "OperationOutcome"
    assert ingest.http.delete("/notes").status_code == 405
    assert ingest.http.get("/notes?limit=many").status_code == 400
