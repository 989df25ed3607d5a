"""Studies on a real FHIR server (CHARTSIFT_TEST_FHIR_URL, else the embedded one in this process),
and re-screenings at an ingest that may be away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from services.fhir.app import create_app
from services.trials import outbox, registry
from services.trials.delivery import deliver, publish_due, rescreen_due
from services.trials.tables import TABLES, PublicationRow, RescreenRow
from shared.criteria.study import Study, check_study
from shared.database import create_tables, open_engine, session
from shared.fhir import ids
from shared.fhir.client import FhirClient
from shared.settings import Settings

INGEST = "http://ingest"


class Line(httpx.AsyncBaseTransport):
    """The network to the FHIR server. cut: nothing arrives. deaf: the answer is lost once."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.cut, self.deaf = inner, False, False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("cut", request=request)
        response = await self.inner.handle_async_request(request)
        if self.deaf:
            self.deaf = False
            await response.aread()
            raise httpx.ReadError("lost", request=request)
        return response


class Ingest:
    """Ingest as trials sees it."""

    def __init__(self) -> None:
        self.status, self.reasons = 202, list[str]()
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, str(request.url)) == ("POST", f"{INGEST}/rescreen")
        if self.status == 202:
            self.reasons.append(request.content.decode())
        return httpx.Response(self.status, json={"queued": 0})


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    if os.environ.get("CHARTSIFT_TEST_FHIR_URL"):
        yield Line(httpx.AsyncHTTPTransport())
        return
    app = create_app(Settings(data_dir=tmp_path / "fhir"))
    async with app.router.lifespan_context(app):
        yield Line(httpx.ASGITransport(app))


@pytest.fixture
async def fhir(line: Line) -> AsyncIterator[FhirClient]:
    url = os.environ.get("CHARTSIFT_TEST_FHIR_URL") or "http://127.0.0.1:8010/fhir"
    async with FhirClient(url, transport=line) as client:
        yield client


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'trials.db'}"


@pytest.fixture
def engine(database: str) -> Engine:
    engine = open_engine(database)
    create_tables(engine, TABLES)
    return engine


@pytest.fixture
def study() -> Study:
    """A study of its own for each test, so that a server used again disturbs nothing."""
    return check_study(
        {
            "id": f"x-{uuid4()}",
            "title": "First",
            "questions": [{"id": "af", "type": "boolean", "text": "AF?"}],
            "criteria": [{"id": "af", "kind": "inclusion", "when": "af"}],
        }
    )


def change(engine: Engine, study: Study, title: str) -> Study:
    before = registry.record(engine, study.id).study.version
    return registry.new_version(engine, study.model_copy(update={"title": title}), expected=before)


def make_due(engine: Engine) -> None:
    """As if the waiting time were over."""
    with session(engine) as tx:
        for row in [*tx.exec(select(PublicationRow)), *tx.exec(select(RescreenRow))]:
            row.due_at = datetime.now(UTC)
            tx.add(row)


async def active_groups(fhir: FhirClient, study: Study, versions: int) -> list[int]:
    """Versions whose Group is on the server and active."""
    found = []
    for version in range(1, versions + 1):
        query = {"_id": ids.group_id(study.id, version)}
        found += [version async for group in fhir.search("Group", query) if group["active"]]
    return found


async def test_a_study_stands_on_the_server_with_its_criteria(
    engine: Engine, fhir: FhirClient, study: Study
) -> None:
    registry.create(engine, study)

    await publish_due(engine, fhir)

    standing = await fhir.read("ResearchStudy", ids.research_study_id(study.id))
    group = await fhir.read_reference(standing["enrollment"][0]["reference"])
    assert (standing["status"], standing["title"]) == ("active", "First")
    assert (group["active"], group["actual"], len(group["characteristic"])) == (True, False, 1)
    assert registry.record(engine, study.id).published


async def test_a_new_version_replaces_the_group_and_keeps_the_study(
    engine: Engine, fhir: FhirClient, study: Study
) -> None:
    registry.create(engine, study)
    await publish_due(engine, fhir)
    change(engine, study, "Second")

    await publish_due(engine, fhir)

    standing = await fhir.read("ResearchStudy", ids.research_study_id(study.id))
    newest = f"Group/{ids.group_id(study.id, 2)}"
    assert (standing["title"], standing["enrollment"]) == ("Second", [{"reference": newest}])
    assert await active_groups(fhir, study, 2) == [2]


async def test_a_retired_study_is_closed_to_accrual(
    engine: Engine, fhir: FhirClient, study: Study
) -> None:
    registry.create(engine, study)
    await publish_due(engine, fhir)
    registry.retire(engine, study.id)

    await publish_due(engine, fhir)

    standing = await fhir.read("ResearchStudy", ids.research_study_id(study.id))
    assert standing["status"] == "closed-to-accrual"
    assert await active_groups(fhir, study, 1) == []


async def test_what_the_server_did_not_take_stays_owed_until_it_does(
    engine: Engine, fhir: FhirClient, line: Line, study: Study, database: str
) -> None:
    registry.create(engine, study)
    line.cut = True
    await publish_due(engine, fhir)
    owed = registry.record(engine, study.id)
    assert (owed.published, "is the FHIR server up" in (owed.problem or "")) == (False, True)

    line.cut = False
    engine.dispose()
    restarted = open_engine(database)
    make_due(restarted)
    await publish_due(restarted, fhir)

    assert registry.record(restarted, study.id).published
    assert await active_groups(fhir, study, 1) == [1]


async def test_no_group_stays_active_though_an_answer_was_lost_between_two_versions(
    engine: Engine, fhir: FhirClient, line: Line, study: Study
) -> None:
    registry.create(engine, study)
    await publish_due(engine, fhir)
    change(engine, study, "Second")
    line.deaf = True
    await publish_due(engine, fhir)  # the server has it, trials does not know
    change(engine, study, "Third")
    make_due(engine)

    await publish_due(engine, fhir)

    assert await active_groups(fhir, study, 3) == [3]


async def test_a_change_while_publishing_is_published_next(
    engine: Engine, fhir: FhirClient, study: Study
) -> None:
    registry.create(engine, study)
    (publication,) = outbox.due_publications(engine)
    change(engine, study, "Second")

    outbox.published(engine, publication)

    assert not registry.record(engine, study.id).published


async def test_past_notes_are_screened_again_once_catalogs_know_the_change(
    engine: Engine, study: Study
) -> None:
    ingest = Ingest()
    registry.create(engine, study)

    await rescreen_due(engine, ingest.http, INGEST)
    assert ingest.reasons == []  # a catalog may still answer from before the change

    make_due(engine)
    await rescreen_due(engine, ingest.http, INGEST)
    await rescreen_due(engine, ingest.http, INGEST)
    assert len(ingest.reasons) == 1
    assert study.id in ingest.reasons[0]


async def test_changes_that_wait_together_are_one_screening(engine: Engine, study: Study) -> None:
    ingest = Ingest()
    registry.create(engine, study)
    change(engine, study, "Second")
    make_due(engine)

    await rescreen_due(engine, ingest.http, INGEST)

    assert len(ingest.reasons) == 1
    assert outbox.pending(engine)[1] == 0


async def test_a_screening_that_ingest_refused_is_asked_for_again(
    engine: Engine, study: Study
) -> None:
    ingest = Ingest()
    ingest.status = 503
    registry.create(engine, study)
    make_due(engine)
    await rescreen_due(engine, ingest.http, INGEST)
    assert outbox.pending(engine)[1] == 1

    ingest.status = 202
    make_due(engine)
    await rescreen_due(engine, ingest.http, INGEST)
    assert (len(ingest.reasons), outbox.pending(engine)[1]) == (1, 0)


async def test_the_loop_delivers_when_woken_and_outlives_a_broken_database(
    engine: Engine, fhir: FhirClient, study: Study
) -> None:
    wake = asyncio.Event()
    loop = asyncio.create_task(deliver(engine, fhir, Ingest().http, INGEST, wake))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE trials_publication RENAME TO away")
        wake.set()
        await asyncio.sleep(0.1)
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO trials_publication")
        registry.create(engine, study)
        wake.set()
        async with asyncio.timeout(30):
            while not registry.record(engine, study.id).published:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        loop.cancel()
