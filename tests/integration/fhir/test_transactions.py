"""Transaction Bundles: all or nothing, references resolved; batches: each for itself."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
import pytest

Resource = dict[str, Any]


def post(resource: Resource, urn: str | None = None, **request: str) -> Resource:
    kind = resource["resourceType"]
    entry = {"resource": resource, "request": {"method": "POST", "url": kind} | request}
    return entry | ({"fullUrl": urn} if urn else {})


def put(resource: Resource, url: str | None = None, **request: str) -> Resource:
    url = url or f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url} | request}


def ask(method: str, url: str, **request: str) -> Resource:
    return {"request": {"method": method, "url": url} | request}


async def send(
    fhir: httpx.AsyncClient, *entries: Resource, kind: str = "transaction", **headers: str
) -> httpx.Response:
    body = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return await fhir.post("", json=body, headers=headers)


def urn() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


def observation(subject: str, **more: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "anything"},
        "subject": {"reference": subject},
    } | more


async def count(fhir: httpx.AsyncClient, system: str) -> int:
    params = {"identifier": f"{system}|p-1", "_summary": "count"}
    total: int = (await fhir.get("Patient", params=params)).json()["total"]
    return total


def status(answer: httpx.Response, index: int) -> str:
    told: str = answer.json()["entry"][index]["response"]["status"]
    return told[:3]


def place(answer: httpx.Response, index: int) -> str:
    """Kind/id of what an entry wrote."""
    location: str = answer.json()["entry"][index]["response"]["location"]
    return "/".join(location.split("/_history/", maxsplit=1)[0].split("/")[-2:])


async def test_references_to_other_entries_are_resolved_everywhere(
    fhir: httpx.AsyncClient, patient: Resource
) -> None:
    who, binary = urn(), urn()
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": binary},
        "subject": {"reference": who},
        "content": [{"attachment": {"contentType": "text/plain", "url": binary}}],
        "extension": [{"url": "http://x.test/e", "valueReference": {"reference": who}}],
    }
    content = {"resourceType": "Binary", "contentType": "text/plain", "data": "aGk="}
    answer = await send(fhir, post(document), post(patient, who), post(content, binary))
    assert answer.status_code == 200, answer.text
    stored = (await fhir.get(place(answer, 0))).json()
    assert stored["subject"]["reference"] == place(answer, 1)
    assert stored["extension"][0]["valueReference"]["reference"] == place(answer, 1)
    assert stored["content"][0]["attachment"]["url"] == place(answer, 2)
    # An identifier that looks the same is no link.
    assert stored["masterIdentifier"]["value"] == binary


async def test_links_in_the_narrative_are_resolved(
    embedded: None, fhir: httpx.AsyncClient, patient: Resource
) -> None:
    who = urn()
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">see <a href="{who}">her</a></div>'
    seen = observation(who, text={"status": "generated", "div": div})
    answer = await send(fhir, post(patient, who), post(seen))
    stored = (await fhir.get(place(answer, 1))).json()
    assert f'href="{place(answer, 0)}"' in stored["text"]["div"]


async def test_put_entries_are_targets_of_references(
    fhir: httpx.AsyncClient, patient: Resource
) -> None:
    who, id_ = urn(), str(uuid.uuid4())
    entry = put(patient | {"id": id_}) | {"fullUrl": who}
    answer = await send(fhir, post(observation(who)), entry)
    stored = (await fhir.get(place(answer, 0))).json()
    assert stored["subject"]["reference"] == f"Patient/{id_}"


async def test_conditional_references_find_what_is_stored(
    fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> None:
    answer = await send(fhir, post(observation(f"Patient?identifier={system}|p-1")))
    assert answer.status_code == 200, answer.text
    stored = (await fhir.get(place(answer, 0))).json()
    assert stored["subject"]["reference"] == f"Patient/{stored_patient['id']}"


async def test_conditional_references_find_what_the_bundle_writes(
    embedded: None, fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    seen = observation(f"Patient?identifier={system}|p-1")
    answer = await send(fhir, post(seen), post(patient))
    stored = (await fhir.get(place(answer, 0))).json()
    assert stored["subject"]["reference"] == place(answer, 1)


async def test_a_conditional_reference_without_match_undoes_everything(
    fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    lost = observation(f"Patient?identifier={system}|nobody")
    answer = await send(fhir, post(patient), post(lost))
    assert answer.status_code in (400, 404, 412)
    assert await count(fhir, system) == 0


BAD: list[Resource] = [
    post({"resourceType": "Observation", "status": "final"}),
    post({"resourceType": "Observation", "status": "nonsense", "code": {"text": "x"}}),
    post({"resourceType": "Nonsense"}),
    put({"resourceType": "Patient", "id": "a", "gender": "female"}, url="Patient/b"),
    ask("PUT", "Patient/c"),
    ask("PATCH", "Patient/d"),
    ask("GET", "Patient/never-was"),
    ask("DELETE", "Patient/x/_history/1"),
]


@pytest.mark.parametrize("bad", BAD)
async def test_one_bad_entry_leaves_nothing_behind(
    fhir: httpx.AsyncClient, patient: Resource, system: str, bad: Resource
) -> None:
    answer = await send(fhir, post(patient), bad)
    assert answer.status_code >= 400
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert await count(fhir, system) == 0


async def test_the_outcome_names_the_bad_entries(
    embedded: None, fhir: httpx.AsyncClient, patient: Resource
) -> None:
    answer = await send(fhir, post(patient), BAD[1], BAD[0])
    places = [issue["expression"][0] for issue in answer.json()["issue"]]
    assert places == ["Bundle.entry[1].resource.status", "Bundle.entry[2].resource.code"]


async def test_an_unresolved_placeholder_is_refused(
    fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    answer = await send(fhir, post(patient), post(observation(urn())))
    assert answer.status_code >= 400
    assert await count(fhir, system) == 0


async def test_a_stale_if_match_undoes_everything(
    fhir: httpx.AsyncClient, stored_patient: Resource, patient: Resource, system: str
) -> None:
    stale = put(stored_patient | {"gender": "male"}, ifMatch='W/"77"')
    answer = await send(fhir, post(patient), stale)
    assert answer.status_code in (409, 412)
    assert await count(fhir, system) == 1


async def test_the_same_resource_twice_is_refused(
    fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    id_ = str(uuid.uuid4())
    one = patient | {"id": id_}
    answer = await send(fhir, put(one), put(one | {"gender": "male"}))
    assert answer.status_code >= 400
    assert await count(fhir, system) == 0


async def test_two_conditional_creates_of_the_same_thing_are_refused(
    embedded: None, fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    unless = f"identifier={system}|p-1"
    answer = await send(fhir, post(patient, ifNoneExist=unless), post(patient, ifNoneExist=unless))
    assert answer.status_code == 400
    assert await count(fhir, system) == 0


async def test_if_none_exist_leads_references_to_what_is_there(
    fhir: httpx.AsyncClient, stored_patient: Resource, patient: Resource, system: str
) -> None:
    who = urn()
    answer = await send(
        fhir, post(patient, who, ifNoneExist=f"identifier={system}|p-1"), post(observation(who))
    )
    assert (status(answer, 0), status(answer, 1)) == ("200", "201")
    stored = (await fhir.get(place(answer, 1))).json()
    assert stored["subject"]["reference"] == f"Patient/{stored_patient['id']}"


async def test_conditional_put_updates_the_match(
    fhir: httpx.AsyncClient, stored_patient: Resource, patient: Resource, system: str
) -> None:
    changed = patient | {"gender": "male"}
    answer = await send(fhir, put(changed, url=f"Patient?identifier={system}|p-1"))
    assert place(answer, 0) == f"Patient/{stored_patient['id']}"
    assert (await fhir.get(place(answer, 0))).json()["gender"] == "male"


async def test_gets_come_after_the_writes_and_deletes_before(
    fhir: httpx.AsyncClient, stored_patient: Resource, patient: Resource, system: str
) -> None:
    answer = await send(
        fhir,
        ask("GET", f"Patient?identifier={system}|p-1"),
        post(patient),
        ask("DELETE", f"Patient/{stored_patient['id']}"),
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()["entry"][0]["resource"]["entry"]
    ids = [f"Patient/{entry['resource']['id']}" for entry in found]
    assert ids == [place(answer, 1)]


async def test_representation_is_given_where_preferred(
    fhir: httpx.AsyncClient, patient: Resource
) -> None:
    plain = await send(fhir, post(patient))
    assert "resource" not in plain.json()["entry"][0]
    whole = await send(fhir, post(patient), Prefer="return=representation")
    assert whole.json()["entry"][0]["resource"]["birthDate"] == patient["birthDate"]


async def test_parallel_transactions_with_the_same_condition_make_one_resource(
    embedded: None, fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    unless = f"identifier={system}|p-1"
    sends = [send(fhir, post(patient, ifNoneExist=unless)) for _ in range(10)]
    answers = await asyncio.gather(*sends)
    assert sorted(status(answer, 0) for answer in answers) == ["200"] * 9 + ["201"]
    assert await count(fhir, system) == 1


async def test_an_empty_transaction_is_no_error(fhir: httpx.AsyncClient) -> None:
    body = {"resourceType": "Bundle", "type": "transaction"}
    answer = await fhir.post("", json=body)
    assert answer.status_code == 200


async def test_a_batch_keeps_the_good_entries(
    fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    answer = await send(
        fhir,
        BAD[1],
        post(patient),
        ask("GET", "Patient/never-was"),
        ask("GET", f"Patient?identifier={system}|p-1"),
        kind="batch",
    )
    assert answer.status_code == 200
    assert answer.json()["type"] == "batch-response"
    assert status(answer, 0) in ("400", "422")
    assert [status(answer, n) for n in (1, 2, 3)] == ["201", "404", "200"]
    assert answer.json()["entry"][0]["response"]["outcome"]["issue"]
    assert await count(fhir, system) == 1


async def test_a_batch_entry_that_fails_half_way_leaves_nothing(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    stale = put(stored_patient | {"gender": "male"}, ifMatch='W/"7"')
    answer = await send(fhir, stale, ask("GET", f"Patient/{stored_patient['id']}"), kind="batch")
    assert [status(answer, n) for n in (0, 1)] == ["412", "200"]
    assert answer.json()["entry"][1]["resource"]["gender"] == "female"


@pytest.mark.parametrize("kind", ["searchset", "collection", "message", "document"])
async def test_other_bundles_are_not_processed(
    embedded: None, fhir: httpx.AsyncClient, kind: str
) -> None:
    answer = await fhir.post("", json={"resourceType": "Bundle", "type": kind})
    assert answer.status_code in (400, 422)
