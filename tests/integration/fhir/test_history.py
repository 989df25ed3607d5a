"""History of an instance and of a type."""

from __future__ import annotations

from typing import Any

import httpx

Resource = dict[str, Any]


async def test_an_instance_tells_every_version_newest_first(
    fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    place = f"Patient/{stored_patient['id']}"
    await fhir.put(place, json=stored_patient | {"gender": "male"})
    await fhir.delete(place)
    entries = (await fhir.get(f"{place}/_history")).json()["entry"]
    assert [entry["request"]["method"] for entry in entries] == ["DELETE", "PUT", "POST"]
    assert "resource" not in entries[0]
    assert [entry["resource"]["gender"] for entry in entries[1:]] == ["male", "female"]


async def test_pages_of_a_history_hold_every_version_once(
    fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    place = f"Patient/{stored_patient['id']}"
    for _ in range(4):
        await fhir.put(place, json=stored_patient)
    url: str | None = f"{place}/_history?_count=2"
    versions: list[str] = []
    while url:
        page = (await fhir.get(url)).json()
        versions.extend(entry["resource"]["meta"]["versionId"] for entry in page["entry"])
        url = {link["relation"]: link["url"] for link in page["link"]}.get("next")
    assert versions == ["5", "4", "3", "2", "1"]


async def test_a_type_tells_what_changed_since(
    fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    since = stored_patient["meta"]["lastUpdated"]
    await fhir.put(f"Patient/{stored_patient['id']}", json=stored_patient)
    answer = (await fhir.get("Patient/_history", params={"_since": since})).json()
    own = [e for e in answer["entry"] if e["resource"]["id"] == stored_patient["id"]]
    assert [entry["resource"]["meta"]["versionId"] for entry in own] == ["2", "1"]


async def test_the_whole_server_has_a_history(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    answer = (await fhir.get("_history")).json()
    assert answer["total"] == 1
    assert answer["entry"][0]["response"]["status"] == "201 Created"


async def test_what_never_was_has_no_history(fhir: httpx.AsyncClient) -> None:
    assert (await fhir.get("Patient/never-was/_history")).status_code == 404
