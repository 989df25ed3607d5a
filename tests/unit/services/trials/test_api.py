"""The API of trials, with a FHIR server and an ingest that are both away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.trials.app import create_app
from shared.criteria.catalog import StudyCatalog
from shared.criteria.shipped import shipped_studies
from shared.settings import Settings

NEW = """
id: mine
title: Mine
questions:
  - {id: af, type: boolean, text: "AF?"}
criteria:
  - {id: af, kind: inclusion, when: af}
"""
YAML = {"Content-Type": "application/yaml"}
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(data_dir=tmp_path, fhir_url=f"{NOWHERE}/fhir", ingest_url=NOWHERE)
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://trials") as client,
    ):
        yield client


async def test_the_shipped_studies_are_there_from_the_start(api: httpx.AsyncClient) -> None:
    catalog = StudyCatalog("http://trials", client=api)

    assert await catalog.studies() == shipped_studies()


async def test_an_unchanged_list_is_answered_by_304(api: httpx.AsyncClient) -> None:
    first = await api.get("/studies")
    again = await api.get("/studies", headers={"If-None-Match": first.headers["ETag"]})
    await api.post("/studies", content=NEW, headers=YAML)
    changed = await api.get("/studies", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert (changed.status_code, len(changed.json())) == (200, 3)


async def test_a_study_is_added_from_yaml_or_json(api: httpx.AsyncClient) -> None:
    added = await api.post("/studies", content=NEW, headers=YAML)
    twin = {
        **added.json(),
        "id": "twin",
        "questions": [{"id": "af", "type": "boolean", "text": "?"}],
    }
    from_json = await api.post("/studies", json=twin)

    assert (added.status_code, added.headers["ETag"]) == (201, '"1"')
    assert added.headers["Location"] == "/studies/mine"
    assert from_json.status_code == 201


async def test_a_study_tells_whether_the_fhir_server_has_it(api: httpx.AsyncClient) -> None:
    read = await api.get("/studies/apixaban-af")

    assert read.json()["status"] == "active"
    assert read.json()["publication"]["state"] == "pending"


async def test_a_bad_study_is_refused_by_line_and_field_and_not_kept(
    api: httpx.AsyncClient,
) -> None:
    bad = NEW.replace("when: af", "when: fa")

    for path in ("/studies", "/studies/validate"):
        refused = await api.post(path, content=bad, headers=YAML)
        (problem,) = refused.json()["problems"]
        assert refused.status_code == 422
        assert (problem["line"], problem["field"]) == (7, "criteria[0].when")
        assert "there is no question 'fa'" in problem["message"]
    assert (await api.get("/studies/mine")).status_code == 404


async def test_validating_keeps_nothing(api: httpx.AsyncClient) -> None:
    checked = await api.post("/studies/validate", content=NEW, headers=YAML)

    assert (checked.json()["criteria"], checked.json()["questions"]) == (1, 1)
    assert (await api.get("/studies/mine")).status_code == 404


@pytest.mark.parametrize(
    ("body", "headers", "status", "told"),
    [
        (b"{", {"Content-Type": "application/json"}, 422, "not valid JSON"),
        (b"[" * 100_000, {"Content-Type": "application/json"}, 422, "nested too deeply"),
        (b"[" * 100_000, YAML, 422, "not valid YAML"),
        (b"\xff", YAML, 415, "not UTF-8"),
        (b"<a/>", {"Content-Type": "application/xml"}, 415, "send application/json"),
        (b"#" * 1_000_001, YAML, 413, "may have 1000000 bytes"),
        (b"", YAML, 422, "empty"),
    ],
)
async def test_a_body_that_is_no_study_is_refused_with_the_cure(
    api: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int, told: str
) -> None:
    refused = await api.post("/studies", content=body, headers=headers)

    assert refused.status_code == status
    assert told in refused.json()["detail"]


async def test_a_second_study_of_the_same_id_is_refused(api: httpx.AsyncClient) -> None:
    await api.post("/studies", content=NEW, headers=YAML)
    refused = await api.post("/studies", content=NEW, headers=YAML)

    assert refused.status_code == 409
    assert "PUT /studies/mine" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("version", "if_match", "status"),
    [
        ("", '"1"', 200),
        ("", 'W/"1"', 200),
        ("version: 2", None, 200),
        ("", '"7"', 412),
        ("version: 9", None, 409),
        ("version: 1", None, 409),
        ("", None, 428),
        ("", "newest", 400),
    ],
)
async def test_a_new_version_says_which_one_it_started_from(
    api: httpx.AsyncClient, version: str, if_match: str | None, status: int
) -> None:
    await api.post("/studies", content=NEW, headers=YAML)
    changed = f"{version}\n" + NEW.replace("Mine", "Changed")
    headers = YAML | ({"If-Match": if_match} if if_match else {})

    answer = await api.put("/studies/mine", content=changed, headers=headers)

    assert answer.status_code == status
    if status == 200:
        assert (answer.headers["ETag"], answer.json()["version"]) == ('"2"', 2)
    assert (await api.get("/studies/mine/versions/1")).json()["title"] == "Mine"


async def test_url_and_body_must_name_the_same_study(api: httpx.AsyncClient) -> None:
    answer = await api.put("/studies/other", content=NEW, headers=YAML | {"If-Match": '"1"'})

    assert answer.status_code == 400


async def test_a_retired_study_is_asked_no_more(api: httpx.AsyncClient) -> None:
    retired = await api.post("/studies/n2c2-2018/retire")

    assert retired.status_code == 204
    assert [study["id"] for study in (await api.get("/studies")).json()] == ["apixaban-af"]
    assert len((await api.get("/studies", params={"status": "all"})).json()) == 2
    assert (await api.post("/studies/nothing/retire")).status_code == 404


async def test_it_is_ready_while_others_are_away(api: httpx.AsyncClient) -> None:
    ready = await api.get("/ready")

    assert (ready.status_code, ready.json()["pending_publications"]) == (200, 2)
    assert (await api.get("/health")).status_code == 200
