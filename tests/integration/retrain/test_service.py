"""The service with its runs as real processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.retrain.app import create_app
from services.retrain.corrections.folder import Report
from services.retrain.tables import RunRow, RunState
from shared.database import session
from shared.settings import Settings
from training.dataset import ItemType, TeacherItem, TeacherNote

PATIENCE = 90.0


class Service:
    """The running service, seen from outside."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient, settings: Settings) -> None:
        self.app = app
        self.http = http
        self._data = settings.data_dir

    async def start(self, study: str = "af", **wanted: Any) -> str:
        answer = await self.http.post("/runs", json={"study": study, **wanted})
        assert answer.status_code == 202, answer.text
        assert answer.headers["Location"] == f"/runs/{answer.json()['id']}"
        return str(answer.json()["id"])

    async def run(self, id: str) -> dict[str, Any]:
        return dict((await self.http.get(f"/runs/{id}")).raise_for_status().json())

    async def until(self, id: str, *states: str) -> dict[str, Any]:
        async def reached() -> dict[str, Any] | None:
            run = await self.run(id)
            return run if run["state"] in states else None

        return dict(await until(reached))

    async def lines(self, id: str) -> list[str]:
        page = (await self.http.get(f"/runs/{id}/events?limit=1000")).raise_for_status().json()
        return [event["line"] for event in page["events"]]

    async def said(self, id: str, line: str) -> None:
        async def told() -> bool:
            return line in await self.lines(id)

        await until(told)

    def begun(self, id: str) -> int:
        return len((self._data / "retrain" / id / "run/begun").read_text())


async def until(condition: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (found := await condition()):  # noqa: ASYNC110 (it comes true elsewhere)
            await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://retrain") as http,
    ):
        yield Service(app, http, settings)


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with running(settings) as service:
        yield service


async def test_a_run_goes_from_start_to_student(service: Service) -> None:
    id = await service.start()

    ended = await service.until(id, "succeeded", "failed")

    assert (ended["state"], ended["version"]) == ("succeeded", "encoder-0123456789ab")
    assert (ended["promote"], ended["promoted"], ended["attempt"]) == (True, True, 1)
    lines = await service.lines(id)
    assert lines[0].startswith("queued: asked for, study af")
    assert lines[2:] == [
        "generate: done",
        "clean: done",
        "finetune: done",
        "promote: better by 0.1",
        "succeeded",
    ]


async def test_one_run_at_a_time_of_a_study(service: Service, files: Any) -> None:
    files.write("waiting")
    id = await service.start()

    refused = await service.http.post("/runs", json={"study": "af"})
    other = await service.start("dm")

    assert (refused.status_code, refused.json()["run"]) == (409, id)
    assert id in refused.json()["detail"]
    assert other != id


async def test_two_replicas_that_race_start_one_run(settings: Settings, files: Any) -> None:
    files.write("waiting")
    async with running(settings) as one, running(settings) as other:
        answers = await asyncio.gather(
            *(each.http.post("/runs", json={"study": "af"}) for each in (one, other) * 4)
        )
        (started,) = [answer.json()["id"] for answer in answers if answer.status_code == 202]
        refused = [answer for answer in answers if answer.status_code == 409]
        assert [answer.json()["run"] for answer in refused] == [started] * 7
        files.gate.touch()
        await one.until(started, "succeeded")
        assert one.begun(started) == 1


async def test_a_run_stops_when_it_is_asked_to(service: Service, files: Any) -> None:
    files.write("waiting")
    id = await service.start()
    await service.said(id, "waiting")

    asked = await service.http.post(f"/runs/{id}/stop")

    assert (asked.status_code, asked.json()["state"]) == (202, "stopping")
    assert (await service.until(id, "stopped"))["reason"] == "asked for"
    assert await service.start() != id


async def test_a_stopped_run_is_taken_up_where_it_was(service: Service, files: Any) -> None:
    files.write("waiting")
    id = await service.start()
    await service.said(id, "waiting")
    await service.http.post(f"/runs/{id}/stop")
    await service.until(id, "stopped")
    files.gate.touch()

    assert (await service.http.post(f"/runs/{id}/resume")).status_code == 202
    await service.until(id, "succeeded")

    assert "generate: done before" in await service.lines(id)


async def test_a_run_that_heeds_nothing_is_killed(service: Service, files: Any) -> None:
    files.write("deaf")
    service.app.state.tender._stop_within = 0.2
    id = await service.start()
    await service.said(id, "waiting")

    await service.http.post(f"/runs/{id}/stop")

    await service.until(id, "stopped")


async def test_a_run_whose_process_is_killed_goes_on_from_what_is_done(
    service: Service, files: Any
) -> None:
    files.write("dying_once")
    id = await service.start()

    ended = await service.until(id, "succeeded", "failed")

    assert (ended["state"], ended["attempt"]) == ("succeeded", 2)
    lines = await service.lines(id)
    assert any("was killed (signal 9)" in line for line in lines)
    assert "generate: done before" in lines


async def test_a_run_that_is_killed_each_time_has_failed(service: Service, files: Any) -> None:
    files.write("dying")
    id = await service.start()

    ended = await service.until(id, "succeeded", "failed")

    assert (ended["state"], ended["attempt"]) == ("failed", 3)
    assert "given up after 3 attempts" in ended["reason"]
    assert (await service.http.get("/ready")).status_code == 200


async def test_a_failure_names_its_cause(service: Service, files: Any) -> None:
    files.write("refusing")
    ended = await service.until(await service.start(), "failed")

    assert ended["reason"] == "RunConfigError: run.yaml: no such teacher"


async def test_no_text_of_a_note_leaves_a_failed_run(service: Service, files: Any) -> None:
    files.write("quoting")
    id = await service.start()
    ended = await service.until(id, "failed")

    assert ended["reason"] == "KeyError"
    assert "Jones" not in str(await service.lines(id))


async def test_a_function_that_is_not_there_fails_the_run(service: Service, files: Any) -> None:
    files.write("nothing_of_this_name")
    ended = await service.until(await service.start(), "failed")

    assert "cannot be called" in ended["reason"]


async def test_a_service_that_ends_leaves_its_run_to_the_next(
    settings: Settings, files: Any
) -> None:
    files.write("waiting")
    async with running(settings) as service:
        id = await service.start()
        await service.said(id, "waiting")
    files.gate.touch()
    async with running(settings) as service:
        await service.until(id, "succeeded")
        lines = await service.lines(id)

    assert "interrupted: its process was asked to end" in lines
    assert "generate: done before" in lines


async def test_progress_comes_as_it_is_made(service: Service, files: Any) -> None:
    files.write("waiting")
    id = await service.start()
    accept = {"Accept": "text/event-stream"}
    await service.said(id, "waiting")
    files.gate.touch()

    answer = await service.http.get(f"/runs/{id}/events", headers=accept, timeout=PATIENCE)

    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.strip().split("\n\n")
    assert [event.split("\n")[0] for event in events[:3]] == ["id: 1", "id: 2", "id: 3"]
    assert events[-1].startswith('event: end\ndata: {"state": "succeeded"')
    resumed = await service.http.get(
        f"/runs/{id}/events", headers=accept | {"Last-Event-ID": str(len(events) - 2)}
    )
    assert resumed.text.strip().split("\n\n") == events[-2:]


async def test_progress_comes_in_pages(service: Service) -> None:
    id = await service.start()
    await service.until(id, "succeeded")

    first = (await service.http.get(f"/runs/{id}/events?limit=3")).json()
    rest = (await service.http.get(f"/runs/{id}/events?after={first['next']}")).json()

    assert [event["number"] for event in first["events"]] == [1, 2, 3]
    assert (first["ended"], rest["ended"]) == (False, True)
    assert rest["events"][-1]["line"] == "succeeded"


async def test_runs_are_listed_in_pages(service: Service) -> None:
    ids = ["run-a", "run-b", "run-c"]
    with session(service.app.state.engine) as tx:
        for id in ids:
            tx.add(
                RunRow(
                    id=id,
                    study=id[-1],
                    config_name="default",
                    config="{}",
                    state=RunState.SUCCEEDED,
                    created_at=datetime.now(UTC),
                )
            )
            tx.flush()

    first = (await service.http.get("/runs?limit=2")).json()
    second = (await service.http.get(f"/runs?limit=2&before={first['next']}")).json()

    assert [run["id"] for run in first["runs"] + second["runs"]] == ids[::-1]
    assert second["next"] is None
    only = (await service.http.get("/runs?study=b")).json()
    assert [run["study"] for run in only["runs"]] == ["b"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 422, "study"),
        ({"study": "../etc"}, 422, "study"),
        ({"study": "af", "config": "large"}, 422, "there are: default"),
        ({"study": "af", "overrides": {"registry": "x"}}, 422, "registry cannot be set"),
        ({"study": "af", "folder": "/tmp"}, 422, "folder"),
    ],
)
async def test_a_start_that_cannot_be_is_refused_with_the_cure(
    service: Service, body: dict[str, Any], status: int, told: str
) -> None:
    refused = await service.http.post("/runs", json=body)

    assert refused.status_code == status
    assert told in refused.text
    assert (await service.http.get("/runs")).json()["runs"] == []


async def test_a_configuration_that_went_bad_is_said_so(service: Service, files: Any) -> None:
    (files.folder / "run.yaml").write_text("name: [")

    refused = await service.http.post("/runs", json={"study": "af"})

    assert refused.status_code == 503
    assert "run.yaml" in refused.json()["detail"]


async def test_what_is_not_there_is_said_so(service: Service) -> None:
    for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/stop"), ("POST", "/resume")):
        answer = await service.http.request(method, f"/runs/nothing{path}")
        assert answer.status_code == 404, path


async def test_a_due_run_is_started_once_by_two_services(settings: Settings) -> None:
    (settings.data_dir / "retrain.yaml").write_text(
        (settings.data_dir / "retrain.yaml").read_text() + "nightly: {af: default}\n"
    )
    due = settings.model_copy(update={"retrain_schedule": "* * * * *"})
    async with running(due) as one, running(due) as other:

        async def ended() -> list[dict[str, Any]] | None:
            runs = (await one.http.get("/runs")).json()["runs"]
            return runs if runs and runs[-1]["state"] == "succeeded" else None

        await until(ended)
        for each in (one, other):
            each.app.state.wake.set()
        runs = (await other.http.get("/runs")).json()["runs"]

    # One for each minute that the test saw.
    assert len({run["due_at"] for run in runs}) == len(runs) <= 2
    assert one.begun(runs[-1]["id"]) == 1


async def test_ready_tells_whether_runs_are_tended(service: Service) -> None:
    assert (await service.http.get("/health")).json() == {"status": "up"}
    assert (await service.http.get("/ready")).status_code == 200

    service.app.state.tending.cancel()

    async def told() -> bool:
        return (await service.http.get("/ready")).status_code == 503

    await until(told)


async def test_reviewers_corrections_go_into_the_run(
    settings: Settings, files: Any, hospital: Any
) -> None:
    files.write("telling", corrections="study", least_evaluation_items=1, evaluation_share=0.5)
    write_dataset_of_one(files.folder / "dataset")
    for _ in range(12):
        note = hospital.note(hospital.patient(), "Known atrial fibrillation.")
        hospital.answer("af", note, valueBoolean=True)

    async with running(settings.model_copy(update={"fhir_url": hospital.url})) as service:
        id = await service.start(hospital.study)
        ended = await service.until(id, "succeeded", "failed")
        lines = await service.lines(id)

    assert ended["state"] == "succeeded", ended["reason"]
    folder = settings.data_dir / "retrain" / id / "corrections"
    report = Report.model_validate_json((folder / "report.json").read_text())
    assert report.training + report.evaluation == 12
    assert report.training and report.judged
    assert f"trained on {folder / 'training'}, judged on {folder / 'evaluation'}" in lines
    assert "corrections: 12 answers without a quote that is in the note" in lines


def write_dataset_of_one(folder: Path) -> None:
    item = TeacherItem(question="AF?", type=ItemType.BOOLEAN, answer="Yes", quote="AF")
    note = TeacherNote(id="n1", patient_id="p1", text="AF.", items=(item,))
    (folder / "notes").mkdir(parents=True)
    (folder / "notes/part-00000.jsonl").write_text(note.model_dump_json() + "\n")
