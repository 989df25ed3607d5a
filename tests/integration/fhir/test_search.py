"""Search: parameters, modifiers, dates, sorting, paging, includes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

Resource = dict[str, Any]
LOINC = "http://loinc.org"


def observation(patient: Resource, system: str, number: int, **more: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "identifier": [{"system": system, "value": f"o-{number}"}],
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": f"1-{number}"}]},
        "subject": {"reference": f"Patient/{patient['id']}"},
        "effectiveDateTime": f"2026-01-{number:02d}T10:00:00Z",
    } | more


@pytest.fixture
async def observations(
    fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> list[Resource]:
    """Seven, of 1 to 7 January 2026; the last one preliminary."""
    made = [observation(stored_patient, system, n) for n in range(1, 7)]
    made.append(observation(stored_patient, system, 7, status="preliminary"))
    return [(await fhir.post("Observation", json=one)).json() for one in made]


async def numbers(fhir: httpx.AsyncClient, kind: str, params: Mapping[str, Any]) -> list[int]:
    """The numbers of the matches, in the order in which they come."""
    answer = await fhir.get(kind, params=params or None)
    assert answer.status_code == 200, answer.text
    found = [entry["resource"] for entry in answer.json().get("entry", [])]
    return [int(r["identifier"][0]["value"].split("-")[1]) for r in found]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"status": "preliminary"}, [7]),
        ({"status": "preliminary,final", "code": f"{LOINC}|1-3"}, [3]),
        ({"code": "1-3"}, [3]),
        ({"code": "http://other|1-3"}, []),
        ({"code": f"{LOINC}|1-2,{LOINC}|1-4"}, [2, 4]),
        ({"status:not": "final"}, [7]),
        ({"date": "2026-01-03"}, [3]),
        ({"date": "ge2026-01-06"}, [6, 7]),
        ({"date": "gt2026-01-06"}, [7]),
        ({"date": "lt2026-01-02"}, [1]),
        ({"date": "le2026-01-02T10:00:00Z"}, [1, 2]),
        ({"date": ["ge2026-01-02", "lt2026-01-04"]}, [2, 3]),
        ({"date": "2025"}, []),
        ({"code:missing": "true"}, []),
        ({"encounter:missing": "true", "status": "preliminary"}, [7]),
    ],
)
async def test_parameters(
    fhir: httpx.AsyncClient,
    observations: list[Resource],
    stored_patient: Resource,
    params: dict[str, Any],
    expected: list[int],
) -> None:
    by = {"patient": stored_patient["id"], "_sort": "date"}
    assert await numbers(fhir, "Observation", by | params) == expected


@pytest.mark.parametrize("form", ["subject={id}", "subject=Patient/{id}", "patient=Patient/{id}",
                                  "subject:Patient={id}", "patient={id}"])  # fmt: skip
async def test_references_are_found_in_every_form(
    fhir: httpx.AsyncClient, observations: list[Resource], stored_patient: Resource, form: str
) -> None:
    name, _, value = form.format(id=stored_patient["id"]).partition("=")
    assert len(await numbers(fhir, "Observation", {name: value})) == 7


async def test_a_versioned_reference_is_found_without_version(
    fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> None:
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "data": "aGk="}}],
    }
    id_ = (await fhir.post("DocumentReference", json=document)).json()["id"]
    source = {"derivedFrom": [{"reference": f"DocumentReference/{id_}/_history/1"}]}
    await fhir.post("Observation", json=observation(stored_patient, system, 1, **source))
    found = await numbers(fhir, "Observation", {"derived-from": f"DocumentReference/{id_}"})
    assert found == [1]


@pytest.mark.parametrize(
    "params",
    [
        {"name": "testf"},
        {"name": "ADA"},
        {"family:exact": "Testfrau"},
        {"family:contains": "stfr"},
        {"birthdate": "1950-02"},
        {"gender": "female", "birthdate": "lt1951"},
    ],
)
async def test_patients_are_found_by_demographics(
    fhir: httpx.AsyncClient, stored_patient: Resource, system: str, params: dict[str, str]
) -> None:
    assert await numbers(fhir, "Patient", params | {"identifier": f"{system}|p-1"}) == [1]


@pytest.mark.parametrize("params", [{"name": "estf"}, {"family:exact": "testfrau"},
                                    {"birthdate": "1950-03"}, {"gender": "male"}])  # fmt: skip
async def test_patients_are_not_found_by_what_does_not_fit(
    fhir: httpx.AsyncClient, stored_patient: Resource, system: str, params: dict[str, str]
) -> None:
    assert await numbers(fhir, "Patient", params | {"identifier": f"{system}|p-1"}) == []


@pytest.mark.parametrize(("sort", "expected"), [("date", [1, 2, 3, 4, 5, 6, 7]),
                                                ("-date", [7, 6, 5, 4, 3, 2, 1])])  # fmt: skip
async def test_pages_hold_every_match_once_and_in_order(
    fhir: httpx.AsyncClient,
    observations: list[Resource],
    stored_patient: Resource,
    sort: str,
    expected: list[int],
) -> None:
    url: str | None = "Observation"
    params: dict[str, str] | None = {
        "patient": stored_patient["id"], "_sort": sort, "_count": "3"
    }  # fmt: skip
    seen: list[int] = []
    while url:
        page = (await fhir.get(url, params=params)).json()
        assert len(page["entry"]) <= 3
        found = [entry["resource"]["identifier"][0]["value"] for entry in page["entry"]]
        seen.extend(int(value.split("-")[1]) for value in found)
        links = {link["relation"]: link["url"] for link in page["link"]}
        assert "self" in links
        url, params = links.get("next"), None
    assert seen == expected


async def test_a_page_link_survives_writes_in_between(
    embedded: None,
    fhir: httpx.AsyncClient,
    observations: list[Resource],
    stored_patient: Resource,
    system: str,
) -> None:
    params = {"patient": stored_patient["id"], "_count": "4"}
    first = (await fhir.get("Observation", params=params)).json()
    await fhir.delete(f"Observation/{observations[0]['id']}")
    await fhir.post("Observation", json=observation(stored_patient, system, 8))
    next_ = {link["relation"]: link["url"] for link in first["link"]}["next"]
    assert await numbers(fhir, next_, {}) == [5, 6, 7, 8]


async def test_a_sweep_by_last_updated_finds_what_changed_since(
    fhir: httpx.AsyncClient, observations: list[Resource], stored_patient: Resource
) -> None:
    await asyncio.sleep(0.01)
    changed = await fhir.put(f"Observation/{observations[2]['id']}", json=observations[2])
    stamp = changed.json()["meta"]["lastUpdated"]
    params = {"patient": stored_patient["id"], "_lastUpdated": f"ge{stamp}"}
    assert await numbers(fhir, "Observation", params) == [3]
    params = {"patient": stored_patient["id"], "_sort": "-_lastUpdated", "_count": "1"}
    assert await numbers(fhir, "Observation", params) == [3]


async def test_include_and_revinclude(
    fhir: httpx.AsyncClient, observations: list[Resource], stored_patient: Resource
) -> None:
    params = {"patient": stored_patient["id"], "_include": "Observation:subject"}
    entries = (await fhir.get("Observation", params=params)).json()["entry"]
    assert [e["search"]["mode"] for e in entries] == ["match"] * 7 + ["include"]
    assert entries[-1]["resource"]["id"] == stored_patient["id"]
    params = {"_id": stored_patient["id"], "_revinclude": "Observation:subject"}
    entries = (await fhir.get("Patient", params=params)).json()["entry"]
    kinds = [e["resource"]["resourceType"] for e in entries]
    assert kinds == ["Patient"] + ["Observation"] * 7


async def test_count_alone(
    fhir: httpx.AsyncClient, observations: list[Resource], stored_patient: Resource
) -> None:
    params = {"patient": stored_patient["id"], "_summary": "count"}
    answer = (await fhir.get("Observation", params=params)).json()
    assert answer["total"] == 7
    assert "entry" not in answer


async def test_search_by_post(
    fhir: httpx.AsyncClient, observations: list[Resource], stored_patient: Resource
) -> None:
    answer = await fhir.post(
        "Observation/_search", data={"patient": stored_patient["id"], "status": "preliminary"}
    )
    assert answer.json()["total"] == 1


async def test_an_updated_resource_is_found_by_its_new_values_alone(
    fhir: httpx.AsyncClient, observations: list[Resource], stored_patient: Resource
) -> None:
    place = f"Observation/{observations[6]['id']}"
    await fhir.put(place, json=observations[6] | {"status": "amended"})
    by = {"patient": stored_patient["id"]}
    assert await numbers(fhir, "Observation", by | {"status": "preliminary"}) == []
    assert await numbers(fhir, "Observation", by | {"status": "amended"}) == [7]


async def test_unknown_parameters_are_ignored_and_left_out_of_self(
    embedded: None, fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> None:
    params = {"identifier": f"{system}|p-1", "shoe-size": "40"}
    answer = (await fhir.get("Patient", params=params)).json()
    assert answer["total"] == 1
    assert "shoe-size" not in answer["link"][0]["url"]
    assert answer["entry"][-1]["search"]["mode"] == "outcome"


async def test_strict_handling_refuses_unknown_parameters(fhir: httpx.AsyncClient) -> None:
    strict = {"Prefer": "handling=strict"}
    answer = await fhir.get("Patient", params={"shoe-size": "40"}, headers=strict)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "yesterday"),
        ("date", "zz2026"),
        ("_lastUpdated", "gt2026-13"),
        ("_count", "-1"),
        ("_count", "many"),
        ("_sort", "code"),
        ("_include", "Observation:status"),
        ("_include", "nonsense"),
        ("_cursor", "WyJmb3JnZWQiLDFd"),
        ("_cursor", "&&&"),
        ("status:missing", "perhaps"),
        ("code", ",".join(map(str, range(600)))),
    ],
)
async def test_values_that_cannot_be_read_are_refused(
    embedded: None, fhir: httpx.AsyncClient, name: str, value: str
) -> None:
    answer = await fhir.get("Observation", params={name: value})
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_wildcards_and_quotes_are_plain_characters(
    fhir: httpx.AsyncClient, stored_patient: Resource, system: str
) -> None:
    for value in ("%", "_", "' OR 1=1 --", "*"):
        params = {"identifier": f"{system}|p-1", "name": value}
        assert await numbers(fhir, "Patient", params) == []
