"""The client and a FHIR server: the embedded one, or the one at CHARTSIFT_TEST_FHIR_URL."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.fhir.app import create_app
from shared.fhir.client import (
    Entry,
    FhirClient,
    FhirConflict,
    FhirInvalid,
    FhirNotFound,
    Resource,
)
from shared.settings import Settings

SYSTEM = "https://example.org/ids"


@pytest.fixture
async def fhir(tmp_path: Path) -> AsyncIterator[FhirClient]:
    elsewhere = os.environ.get("CHARTSIFT_TEST_FHIR_URL")
    if elsewhere:
        async with FhirClient(elsewhere) as client:
            yield client
        return
    app = create_app(Settings(data_dir=tmp_path, fhir_url="http://server/fhir"))
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        FhirClient("http://server/fhir", transport=transport) as client,
    ):
        yield client


@pytest.fixture
def mark() -> str:
    """An identifier that no other test uses: a server may be shared."""
    return uuid.uuid4().hex


def patient(mark: str, id: str | None = None, **more: object) -> Resource:
    resource = {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": mark}],
        **more,
    }
    return resource | {"id": id} if id else resource


def version(resource: Resource) -> str:
    found: str = resource["meta"]["versionId"]
    return found


async def test_the_server_says_what_it_can(fhir: FhirClient) -> None:
    assert (await fhir.capability())["fhirVersion"].startswith("4.")


async def test_what_was_put_is_read(fhir: FhirClient, mark: str) -> None:
    put = await fhir.put(patient(mark, mark, gender="female"))
    assert put["gender"] == "female"
    assert await fhir.read("Patient", mark) == put
    assert await fhir.read_reference(f"{fhir.base_url}/Patient/{mark}") == put


async def test_an_outdated_version_is_a_conflict_and_changes_nothing(
    fhir: FhirClient, mark: str
) -> None:
    first = await fhir.put(patient(mark, mark, gender="female"))
    second = await fhir.put(patient(mark, mark, gender="male"), if_match=version(first))
    with pytest.raises(FhirConflict):
        await fhir.put(patient(mark, mark, gender="other"), if_match=version(first))
    assert version(await fhir.read("Patient", mark)) == version(second)


async def test_a_conditional_creation_creates_once(fhir: FhirClient, mark: str) -> None:
    query = f"identifier={SYSTEM}|{mark}"
    first = await fhir.create(patient(mark), if_none_exist=query)
    again = await fhir.create(patient(mark), if_none_exist=query)
    assert again["id"] == first["id"]
    assert len([p async for p in fhir.search("Patient", {"identifier": f"{SYSTEM}|{mark}"})]) == 1


async def test_a_conditional_update_creates_then_updates(fhir: FhirClient, mark: str) -> None:
    query = f"identifier={SYSTEM}|{mark}"
    first = await fhir.put_conditional(patient(mark), query)
    second = await fhir.put_conditional(patient(mark, gender="male"), query)
    assert (second["id"], second["gender"]) == (first["id"], "male")


async def test_what_was_deleted_is_not_found_and_may_be_deleted_again(
    fhir: FhirClient, mark: str
) -> None:
    await fhir.put(patient(mark, mark))
    await fhir.delete("Patient", mark)
    await fhir.delete("Patient", mark)
    with pytest.raises(FhirNotFound):
        await fhir.read("Patient", mark)


async def test_a_search_gives_every_page(fhir: FhirClient, mark: str) -> None:
    await fhir.transaction(
        [Entry("PUT", patient(mark, f"{mark}-{n}"), f"Patient/{mark}-{n}") for n in range(7)]
    )
    params = {"identifier": f"{SYSTEM}|{mark}", "_count": "3"}
    found = [p["id"] async for p in fhir.search("Patient", params, fresh=True)]
    assert sorted(found) == [f"{mark}-{n}" for n in range(7)]


async def test_a_transaction_is_all_or_nothing(fhir: FhirClient, mark: str) -> None:
    good = Entry("PUT", patient(mark, mark), f"Patient/{mark}")
    bad = Entry("PUT", patient(mark, f"{mark}-2", gender="bogus"), f"Patient/{mark}-2")
    with pytest.raises(FhirInvalid):
        await fhir.transaction([good, bad])
    with pytest.raises(FhirNotFound):
        await fhir.read("Patient", mark)
    (result,) = await fhir.transaction([good])
    assert result.status == 201
    assert result.location == f"Patient/{mark}/_history/{result.version_id}"


async def test_a_failed_entry_of_a_batch_fails_alone(fhir: FhirClient, mark: str) -> None:
    bad, good = await fhir.batch(
        [
            Entry("PUT", patient(mark, f"{mark}-2", gender="bogus"), f"Patient/{mark}-2"),
            Entry("PUT", patient(mark, mark), f"Patient/{mark}"),
        ]
    )
    assert isinstance(bad.error, FhirInvalid) and bad.resource is None
    assert (good.status, good.error) == (201, None)
    assert version(await fhir.read("Patient", mark)) == good.version_id


async def test_a_refused_resource_is_told_by_place_without_its_values(
    fhir: FhirClient, mark: str
) -> None:
    with pytest.raises(FhirInvalid) as failure:
        await fhir.put(patient(mark, mark, gender="Mrs Example"))
    assert "gender" in str(failure.value)
    assert "Example" not in str(failure.value)
