from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import respx

from shared.fhir.client import (
    Entry,
    FhirClient,
    FhirConflict,
    FhirError,
    FhirInvalid,
    FhirNotFound,
    FhirUnavailable,
    open_fhir,
)
from shared.settings import Settings

BASE = "http://fhir.example.org/r4"
PATIENT = {"resourceType": "Patient", "id": "1", "meta": {"versionId": "2"}}


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE) as router:
        yield router


@pytest.fixture
async def fhir() -> AsyncIterator[FhirClient]:
    async with FhirClient(BASE + "/") as client:
        yield client


def bundle(*resources: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    page: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    page["entry"] = [{"resource": resource} for resource in resources]
    if following:
        page["link"] = [{"relation": "next", "url": following}]
    return page


def patient(id: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id}


def sent(route: respx.Route) -> httpx.Request:
    request: httpx.Request = route.calls.last.request
    return request


async def test_reading(server: respx.MockRouter, fhir: FhirClient) -> None:
    route = server.get("/Patient/1").respond(json=PATIENT)
    assert await fhir.read("Patient", "1") == PATIENT
    assert sent(route).headers["accept"] == "application/fhir+json"


async def test_the_token_is_sent_and_never_shown(server: respx.MockRouter) -> None:
    route = server.get("/Patient/1").respond(json=PATIENT)
    settings = Settings(fhir_url=BASE, fhir_token="s3cret")
    async with open_fhir(settings) as fhir:
        await fhir.read("Patient", "1")
    assert sent(route).headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(settings)


async def test_a_reference_to_another_host_is_not_followed(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    with pytest.raises(ValueError):
        await fhir.read_reference("http://elsewhere.example.org/r4/Patient/1")


async def test_searching_follows_pages_also_under_a_foreign_host_name(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    server.get("/Patient", params={"page": "2"}).respond(json=bundle(patient("2")))
    first = bundle(patient("1"), following="http://internal:8080/r4/Patient?page=2")
    route = server.get("/Patient", params={"name": "x", "_id": ["1", "2"]}).respond(json=first)
    found = [p["id"] async for p in fhir.search("Patient", {"name": "x", "_id": ["1", "2"]})]
    assert found == ["1", "2"]
    assert "cache-control" not in sent(route).headers


async def test_a_fresh_search_asks_the_server_not_to_answer_from_a_cache(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    route = server.get("/Patient").respond(json=bundle())
    assert [p async for p in fhir.search("Patient", {}, fresh=True)] == []
    assert sent(route).headers["cache-control"] == "no-cache"


async def test_outcomes_among_the_matches_are_left_out(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    page = bundle(patient("1"), {"resourceType": "OperationOutcome"})
    page["entry"][1]["search"] = {"mode": "outcome"}
    server.get("/Patient").respond(json=page)
    assert [p["id"] async for p in fhir.search("Patient", {})] == ["1"]


async def test_with_patience_a_page_is_asked_for_again_while_the_server_is_away(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    answers = [httpx.Response(503), httpx.Response(200, json=bundle(patient("1")))]
    server.get("/Patient").mock(side_effect=answers)
    assert len([p async for p in fhir.search("Patient", {}, patience=30)]) == 1


async def test_without_patience_a_server_that_is_away_is_an_error_at_once(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    route = server.get("/Patient").respond(503)
    with pytest.raises(FhirUnavailable):
        [p async for p in fhir.search("Patient", {})]
    assert route.call_count == 1


async def test_pages_in_a_circle_are_an_error(server: respx.MockRouter, fhir: FhirClient) -> None:
    server.get("/Patient").respond(json=bundle(following=f"{BASE}/Patient?page=2"))
    with pytest.raises(FhirError, match="circles"):
        [p async for p in fhir.search("Patient", {})]


async def test_a_search_that_fails_does_not_repeat_its_parameters(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    server.get("/Patient").respond(400)
    with pytest.raises(FhirInvalid) as failure:
        [p async for p in fhir.search("Patient", {"name": "Example"})]
    assert "Example" not in str(failure.value)


async def test_putting_a_known_version(server: respx.MockRouter, fhir: FhirClient) -> None:
    route = server.put("/Patient/1").respond(json=PATIENT)
    assert await fhir.put(patient("1"), if_match="1") == PATIENT
    headers = sent(route).headers
    assert headers["if-match"] == 'W/"1"'
    assert headers["prefer"] == "return=representation"
    assert headers["content-type"] == "application/fhir+json"


async def test_a_write_answered_without_body_is_read_back(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    server.put("/Patient/1").respond(200)
    server.get("/Patient/1").respond(json=PATIENT)
    assert await fhir.put(patient("1")) == PATIENT


async def test_a_creation_answered_without_body_is_read_at_its_location(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    location = "http://internal:8080/r4/Patient/1/_history/2"
    route = server.post("/Patient").respond(201, headers={"Location": location})
    server.get("/Patient/1/_history/2").respond(json=PATIENT)
    created = await fhir.create({"resourceType": "Patient"}, if_none_exist="identifier=s|v")
    assert created == PATIENT
    assert sent(route).headers["if-none-exist"] == "identifier=s|v"


async def test_a_creation_without_body_and_location_is_an_error(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    server.post("/Patient").respond(201)
    with pytest.raises(FhirError, match="neither resource nor location"):
        await fhir.create({"resourceType": "Patient"})


async def test_a_conditional_update_goes_by_query(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    query = "https://example.org/ids|v"
    route = server.put("/Patient", params={"identifier": query}).respond(json=PATIENT)
    put = await fhir.put_conditional({"resourceType": "Patient"}, f"identifier={query}")
    assert put == PATIENT
    assert route.called


@pytest.mark.parametrize("status", [200, 204, 404, 410])
async def test_deleting_what_is_gone_is_fine(
    server: respx.MockRouter, fhir: FhirClient, status: int
) -> None:
    route = server.delete("/Patient/1").respond(status)
    await fhir.delete("Patient", "1")
    assert route.called


async def test_a_transaction_sends_conditions_and_gives_results_in_order(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    answer = {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [
            {
                "response": {
                    "status": "200 OK",
                    "location": f"{BASE}/Patient/1/_history/2",
                    "etag": 'W/"2"',
                },
                "resource": PATIENT,
            },
            {"response": {"status": "201", "location": "Patient/2/_history/1"}},
            {"response": {"status": "204 No Content"}},
        ],
    }
    route = server.post("").respond(json=answer)
    results = await fhir.transaction(
        [
            Entry("PUT", patient("1"), "Patient/1", if_match="1"),
            Entry("POST", patient("2"), "Patient", if_none_exist="identifier=s|v"),
            Entry("DELETE", None, "Patient/3"),
        ]
    )
    first, second, third = json.loads(sent(route).content)["entry"]
    assert first["request"] == {"method": "PUT", "url": "Patient/1", "ifMatch": 'W/"1"'}
    assert first["fullUrl"] == f"{BASE}/Patient/1"
    assert second["request"]["ifNoneExist"] == "identifier=s|v"
    assert second["fullUrl"].startswith("urn:uuid:")
    assert third == {"request": {"method": "DELETE", "url": "Patient/3"}}
    assert [(r.status, r.location, r.version_id) for r in results] == [
        (200, "Patient/1/_history/2", "2"),
        (201, "Patient/2/_history/1", "1"),
        (204, None, None),
    ]
    assert results[0].resource == PATIENT


async def test_a_failed_entry_of_a_batch_has_status_and_error_but_no_resource(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    failed = {
        "status": "412 Precondition Failed",
        "outcome": {"resourceType": "OperationOutcome", "issue": [{"code": "conflict"}]},
    }
    entries = [{"response": failed}, {"response": {"status": "200"}, "resource": PATIENT}]
    server.post("").respond(json={"resourceType": "Bundle", "entry": entries})
    bad, good = await fhir.batch([Entry("PUT", patient(id), f"Patient/{id}") for id in "21"])
    assert isinstance(bad.error, FhirConflict)
    assert (bad.status, bad.resource) == (412, None)
    assert str(bad.error) == "PUT Patient/2: HTTP 412; conflict"
    assert (good.error, good.version_id) == (None, "2")


async def test_an_answer_with_other_entries_than_were_sent_is_an_error(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    server.post("").respond(json={"resourceType": "Bundle", "entry": []})
    with pytest.raises(FhirError, match="does not fit"):
        await fhir.transaction([Entry("PUT", patient("1"), "Patient/1")])


async def test_an_empty_bundle_is_not_sent(server: respx.MockRouter, fhir: FhirClient) -> None:
    assert await fhir.transaction([]) == []


async def test_errors_of_the_server_have_their_kind(
    server: respx.MockRouter, fhir: FhirClient
) -> None:
    server.get("/Patient/1").respond(404)
    server.get("/Patient/2").respond(503, headers={"Retry-After": "3"})
    with pytest.raises(FhirNotFound):
        await fhir.read("Patient", "1")
    with pytest.raises(FhirUnavailable) as unavailable:
        await fhir.read("Patient", "2")
    assert unavailable.value.retry_after == 3.0


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError])
async def test_no_answer_names_the_server_and_the_setting(
    server: respx.MockRouter, fhir: FhirClient, failure: type[httpx.TransportError]
) -> None:
    server.get("/Patient/1").mock(side_effect=failure("gone"))
    with pytest.raises(FhirUnavailable, match=r"fhir\.example\.org.*CHARTSIFT_FHIR_URL") as error:
        await fhir.read("Patient", "1")
    assert error.value.status == 0


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>login</html>"),
        httpx.Response(200, json=patient("1")),
        httpx.Response(200, json=[]),
    ],
)
async def test_an_answer_that_is_not_what_was_asked_for_is_an_error(
    server: respx.MockRouter, fhir: FhirClient, answer: httpx.Response
) -> None:
    server.get("/metadata").mock(return_value=answer)
    with pytest.raises(FhirError, match="base URL of a FHIR R4 server"):
        await fhir.capability()
