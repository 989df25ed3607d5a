"""Every error is told in an OperationOutcome, without the values that were sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.fhir.app import create_app
from shared.fhir.rules import check
from shared.settings import Settings

Resource = dict[str, Any]

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = b'{"resourceType":"Patient"}'


def request(method: str, url: str, status: int, content: bytes = b"", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()} or FHIR
    sent = {"method": method, "url": url, "content": content, "headers": named}
    return pytest.param(sent, status, id=f"{method} {url} {status}")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        request("GET", "Patient/never-was", 404),
        request("GET", "Nonsense/1", 404),
        request("GET", "Nonsense", 404),
        request("GET", "Patient/1/2/3/4/5", 404),
        request("PATCH", "Patient/1", 405),
        request("DELETE", "metadata/x/_history", 405),
        request("POST", "Patient", 400, b'{"resourceType":"Patient",'),
        request("POST", "Patient", 400, b""),
        request("POST", "Patient", 400, b"[]"),
        request("POST", "Patient", 400, b'"Patient"'),
        request("POST", "Patient", 400, b'{"resourceType":"Patient","a":NaN}'),
        request("POST", "Patient", 400, b'{"resourceType":"Patient","id":"1","id":"2"}'),
        request("POST", "Patient", 400, b'{"resourceType":"Patient","language":"\\ud800"}'),
        request("POST", "Patient", 400, b"\xff\xfe"),
        request("POST", "Patient", 400, b"[" * 100_000),
        request("POST", "Patient", 400, b'{"resourceType":"Observation"}'),
        request("POST", "Patient", 422, b'{"resourceType":"Patient","gender":"f"}'),
        request("POST", "Patient", 415, PATIENT, Content_Type="application/fhir+xml"),
        request("POST", "Patient", 415, PATIENT, Content_Type="text/plain"),
        request("POST", "Patient/_search", 415, b"{}"),
        request("GET", "Patient", 406, Accept="application/fhir+xml"),
        request("GET", "Patient?_format=xml", 406),
        request("PUT", "Patient/a%20b", 400, b'{"resourceType":"Patient","id":"ab"}'),
        request("PUT", "Patient/a", 400, b'{"resourceType":"Patient"}'),
        request("PUT", "Patient", 412, PATIENT),
        request("POST", "", 400, PATIENT),
        request("POST", "", 422, b'{"resourceType":"Bundle","type":"nonsense"}'),
        request("POST", "", 422, b'{"resourceType":"Bundle","type":"batch","entry":[1]}'),
        request("POST", "", 422, b'{"resourceType":"Bundle","type":"batch","entry":{}}'),
        request("POST", "", 422, b'{"resourceType":"Bundle","type":"transaction","entry":[{}]}'),
    ],
)
async def test_errors_are_outcomes(
    embedded: None, fhir: httpx.AsyncClient, sent: Resource, status: int
) -> None:
    answer = await fhir.request(**sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    outcome = answer.json()
    assert outcome["issue"][0]["diagnostics"]
    assert check(outcome) == []


async def test_a_body_that_is_too_large_is_refused(embedded: None, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="", fhir_max_body_bytes=1000)
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)

    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 100

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://fhir.test/fhir") as fhir,
    ):
        announced = await fhir.post("Patient", content=b" " * 1001, headers=FHIR)
        streamed = await fhir.post("Patient", content=endless(), headers=FHIR)
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert streamed.json()["issue"][0]["code"] == "too-long"


@pytest.mark.parametrize(
    "change",
    [
        {"gender": "SECRET"},
        {"birthDate": "SECRET"},
        {"name": [{"family": ["SECRET"]}]},
        {"name": [{"SECRET name": "x"}]},
        {"active": "SECRET"},
        {"SECRET NAME": 1},
        {"link": [{"other": {"reference": "#SECRET"}, "type": "refer"}]},
    ],
)
async def test_no_error_repeats_what_was_sent(
    embedded: None, fhir: httpx.AsyncClient, patient: Resource, change: Resource
) -> None:
    answer = await fhir.post("Patient", json=patient | change)
    assert answer.status_code == 422
    assert "SECRET" not in answer.text
    search = await fhir.get("Patient", params={"birthdate": "SECRET"})
    assert search.status_code == 400
    assert "SECRET" not in search.text


async def test_405_names_what_the_url_takes(embedded: None, fhir: httpx.AsyncClient) -> None:
    answer = await fhir.patch("Patient/1", json={})
    assert answer.headers["allow"] == "DELETE, GET, PUT"


async def test_conditional_references_outside_transactions_are_refused(
    embedded: None, fhir: httpx.AsyncClient
) -> None:
    sent = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient?identifier=a|b"},
    }
    assert (await fhir.post("Observation", json=sent)).status_code == 400


async def test_the_capability_statement_is_valid_and_says_what_it_is_not(
    embedded: None, fhir: httpx.AsyncClient
) -> None:
    statement = (await fhir.get("metadata")).json()
    assert check(statement) == []
    assert statement["fhirVersion"] == "4.0.1"
    assert "no authentication" in json.dumps(statement)


async def test_a_server_for_another_database_does_not_start() -> None:
    with pytest.raises(ValueError, match="CHARTSIFT_DATABASE_URL"):
        create_app(Settings(database_url="postgresql://localhost/chartsift"))
