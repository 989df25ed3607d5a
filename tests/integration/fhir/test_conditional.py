"""Conditional create, update and delete, also by many writers at once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

Resource = dict[str, Any]


def unless(system: str) -> dict[str, str]:
    return {"If-None-Exist": f"identifier={system}|p-1"}


async def count(fhir: httpx.AsyncClient, system: str) -> int:
    params = {"identifier": f"{system}|p-1", "_summary": "count"}
    total: int = (await fhir.get("Patient", params=params)).json()["total"]
    return total


async def test_conditional_create_finds_what_is_there(
    fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    first = await fhir.post("Patient", json=patient, headers=unless(system))
    second = await fhir.post("Patient", json=patient, headers=unless(system))
    assert (first.status_code, second.status_code) == (201, 200)
    assert await count(fhir, system) == 1


async def test_parallel_conditional_creates_make_one_resource(
    embedded: None, fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    send = [fhir.post("Patient", json=patient, headers=unless(system)) for _ in range(12)]
    answers = await asyncio.gather(*send)
    assert sorted(a.status_code for a in answers) == [200] * 11 + [201]
    assert await count(fhir, system) == 1


async def test_parallel_puts_to_one_id_leave_one_resource_with_every_version(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> None:
    place = f"Patient/{stored_patient['id']}"
    answers = await asyncio.gather(*(fhir.put(place, json=stored_patient) for _ in range(8)))
    versions = {int(answer.json()["meta"]["versionId"]) for answer in answers}
    assert versions == set(range(2, 10))
    assert await count(fhir, system) == 1


async def test_of_parallel_updates_with_the_same_if_match_one_wins(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    place = f"Patient/{stored_patient['id']}"
    match = {"If-Match": 'W/"1"'}
    send = [fhir.put(place, json=stored_patient, headers=match) for _ in range(8)]
    answers = await asyncio.gather(*send)
    assert sorted(a.status_code for a in answers) == [200] + [412] * 7


async def test_conditional_create_with_several_matches_is_refused(
    fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    await fhir.post("Patient", json=patient)
    await fhir.post("Patient", json=patient)
    answer = await fhir.post("Patient", json=patient, headers=unless(system))
    assert answer.status_code == 412


async def test_conditional_update_creates_then_updates(
    fhir: httpx.AsyncClient, patient: Resource, system: str
) -> None:
    params = {"identifier": f"{system}|p-1"}
    first = await fhir.put("Patient", params=params, json=patient)
    second = await fhir.put("Patient", params=params, json=patient | {"gender": "male"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert second.json()["gender"] == "male"


async def test_conditional_update_refuses_the_id_of_another_resource(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> None:
    params = {"identifier": f"{system}|p-1"}
    answer = await fhir.put("Patient", params=params, json=stored_patient | {"id": "other"})
    assert answer.status_code == 400


async def test_a_condition_with_an_unknown_parameter_is_refused(
    fhir: httpx.AsyncClient, patient: Resource
) -> None:
    answer = await fhir.post("Patient", json=patient, headers={"If-None-Exist": "nonsense=1"})
    assert answer.status_code in (400, 412)


async def test_a_condition_that_asks_nothing_is_refused(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource
) -> None:
    assert (await fhir.delete("Patient", params={"_count": "1"})).status_code == 412
    assert (await fhir.get(f"Patient/{stored_patient['id']}")).status_code == 200


async def test_conditional_delete_removes_the_one_match(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> None:
    await fhir.delete("Patient", params={"identifier": f"{system}|p-1"})
    assert (await fhir.get(f"Patient/{stored_patient['id']}")).status_code == 410
