"""Create, read, vread, update, delete and their headers."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

Resource = dict[str, Any]


async def test_a_created_resource_is_read_back_as_sent(
    fhir: httpx.AsyncClient, patient: Resource
) -> None:
    created = await fhir.post("Patient", json=patient)
    assert created.status_code == 201
    read = await fhir.get(f"Patient/{created.json()['id']}")
    assert read.status_code == 200
    assert {name: read.json()[name] for name in patient} == patient


async def test_create_names_the_place_and_the_version(
    fhir: httpx.AsyncClient, patient: Resource
) -> None:
    created = await fhir.post("Patient", json=patient)
    stored = created.json()
    assert created.headers["etag"] == f'W/"{stored["meta"]["versionId"]}"'
    assert "last-modified" in created.headers
    place = f"Patient/{stored['id']}/_history/{stored['meta']['versionId']}"
    assert created.headers["location"].endswith(place)


async def test_create_chooses_an_id_of_its_own(fhir: httpx.AsyncClient, patient: Resource) -> None:
    created = await fhir.post("Patient", json=patient | {"id": "wanted"})
    assert created.json()["id"] != "wanted"


async def test_put_creates_at_an_unused_id(fhir: httpx.AsyncClient, patient: Resource) -> None:
    id_ = str(uuid.uuid4())
    answer = await fhir.put(f"Patient/{id_}", json=patient | {"id": id_})
    assert answer.status_code == 201
    assert (await fhir.get(f"Patient/{id_}")).json()["id"] == id_


async def test_update_makes_a_new_version_and_keeps_the_old_one(
    fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    place = f"Patient/{stored_patient['id']}"
    updated = await fhir.put(place, json=stored_patient | {"gender": "male"})
    assert updated.status_code == 200
    version = updated.json()["meta"]["versionId"]
    assert version != stored_patient["meta"]["versionId"]
    old = await fhir.get(f"{place}/_history/{stored_patient['meta']['versionId']}")
    assert old.json()["gender"] == "female"
    new = await fhir.get(f"{place}/_history/{version}")
    assert new.json()["gender"] == "male"


async def test_if_match_of_the_current_version_updates(
    fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    version = stored_patient["meta"]["versionId"]
    answer = await fhir.put(
        f"Patient/{stored_patient['id']}",
        json=stored_patient | {"gender": "male"},
        headers={"If-Match": f'W/"{version}"'},
    )
    assert answer.status_code == 200


async def test_stale_if_match_is_refused_and_changes_nothing(
    fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    place = f"Patient/{stored_patient['id']}"
    stale = {"If-Match": f'W/"{stored_patient["meta"]["versionId"]}"'}
    await fhir.put(place, json=stored_patient | {"gender": "male"})
    answer = await fhir.put(place, json=stored_patient | {"gender": "other"}, headers=stale)
    assert answer.status_code in (409, 412)
    assert (await fhir.get(place)).json()["gender"] == "male"


async def test_an_id_that_differs_from_the_url_is_refused(
    fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    answer = await fhir.put(f"Patient/{stored_patient['id']}", json=stored_patient | {"id": "x"})
    assert answer.status_code == 400


async def test_a_deleted_resource_is_gone_but_its_versions_stay(
    fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> None:
    place = f"Patient/{stored_patient['id']}"
    assert (await fhir.delete(place)).status_code in (200, 204)
    assert (await fhir.get(place)).status_code == 410
    old = await fhir.get(f"{place}/_history/{stored_patient['meta']['versionId']}")
    assert old.status_code == 200
    found = await fhir.get("Patient", params={"identifier": f"{system}|p-1"})
    assert "entry" not in found.json()


async def test_deleting_what_is_not_there_is_no_error(fhir: httpx.AsyncClient) -> None:
    assert (await fhir.delete(f"Patient/{uuid.uuid4()}")).status_code in (200, 204)


async def test_update_brings_a_deleted_resource_back(
    fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    place = f"Patient/{stored_patient['id']}"
    await fhir.delete(place)
    assert (await fhir.put(place, json=stored_patient)).status_code == 201
    assert (await fhir.get(place)).status_code == 200


async def test_delete_with_stale_if_match_is_refused(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    place = f"Patient/{stored_patient['id']}"
    answer = await fhir.delete(place, headers={"If-Match": 'W/"7"'})
    assert answer.status_code == 412
    assert (await fhir.get(place)).status_code == 200


@pytest.mark.parametrize("version", ["2", "0", "x", "99999999999999999999"])
async def test_a_version_that_never_was_is_not_found(
    fhir: httpx.AsyncClient, stored_patient: Resource, version: str
) -> None:
    answer = await fhir.get(f"Patient/{stored_patient['id']}/_history/{version}")
    assert answer.status_code in (400, 404)


async def test_prefer_minimal_leaves_the_resource_out(
    fhir: httpx.AsyncClient, patient: Resource
) -> None:
    answer = await fhir.post("Patient", json=patient, headers={"Prefer": "return=minimal"})
    assert answer.status_code == 201
    assert answer.content == b""
    assert "location" in answer.headers


async def test_tags_and_security_labels_are_kept(
    fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    label = {"system": system, "code": "AIAST"}
    created = await fhir.post("Patient", json=patient | {"meta": {"security": [label]}})
    assert created.json()["meta"]["security"] == [label]


async def test_validate_says_what_is_wrong_and_stores_nothing(
    embedded: None, fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    answer = await fhir.post("Patient/$validate", json=patient | {"gender": "f"})
    assert answer.json()["issue"][0]["expression"] == ["Patient.gender"]
    found = await fhir.get("Patient", params={"identifier": f"{system}|p-1", "_summary": "count"})
    assert found.json()["total"] == 0


async def test_binary_is_served_as_content_and_as_fhir(
    embedded: None, fhir: httpx.AsyncClient
) -> None:
    note = "Größe 1,80 m".encode()
    type_ = {"Content-Type": "text/plain; charset=utf-8"}
    created = await fhir.post("Binary", content=note, headers=type_)
    assert created.status_code == 201
    place = f"Binary/{created.json()['id']}"
    raw = await fhir.get(place, headers={"Accept": "*/*"})
    assert (raw.content, raw.headers["content-type"]) == (note, type_["Content-Type"])
    assert (await fhir.get(place)).json()["contentType"] == type_["Content-Type"]


async def test_a_binary_whose_type_fits_no_header_is_served_as_bytes(
    embedded: None, fhir: httpx.AsyncClient
) -> None:
    sent = {"resourceType": "Binary", "contentType": "text/pläin\nx", "data": "aGk="}
    created = await fhir.post("Binary", json=sent)
    assert created.status_code == 201, created.text
    raw = await fhir.get(f"Binary/{created.json()['id']}", headers={"Accept": "*/*"})
    assert (raw.content, raw.headers["content-type"]) == (b"hi", "application/octet-stream")
