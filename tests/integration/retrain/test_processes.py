"""The service and the job as processes of their own, killed as the kernel kills."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def start(files: Any, port: int) -> Iterator[Start]:
    """Starts a verb of `chartsift`; what is still there at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*verb: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(HERE),
            "CHARTSIFT_DATA_DIR": str(files.folder),
            "CHARTSIFT_RETRAIN_CONFIG": str(files.folder / "retrain.yaml"),
            "CHARTSIFT_RETRAIN_URL": f"http://127.0.0.1:{port}",
            "CHARTSIFT_TRIALS_URL": "http://127.0.0.1:9",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", *verb],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    files.gate.touch()  # orphans end
    for process in started:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


@pytest.fixture
def api(port: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client


def is_ready(api: httpx.Client) -> bool:
    try:
        return api.get("/ready").is_success
    except httpx.TransportError:
        return False


def run_of(api: httpx.Client, id: str) -> dict[str, Any]:
    return dict(api.get(f"/runs/{id}").raise_for_status().json())


def lines_of(api: httpx.Client, id: str) -> list[str]:
    return [event["line"] for event in api.get(f"/runs/{id}/events").json()["events"]]


def begun(files: Any, id: str) -> int:
    return len((files.folder / "retrain" / id / "run/begun").read_text())


def process_of(engine: Any, id: str) -> int:
    from services.retrain import runs

    found = runs.read(engine, id).process_id
    assert found is not None
    return found


@pytest.fixture
def service(start: Start, api: httpx.Client, eventually: Any) -> subprocess.Popen[bytes]:
    process = start("retrain")
    eventually(lambda: is_ready(api))
    return process


@pytest.fixture
def waiting_run(files: Any, service: Any, api: httpx.Client, eventually: Any) -> str:
    """Id of a run that has done its first step and waits for the gate."""
    files.write("waiting")
    id = str(api.post("/runs", json={"study": "af"}).raise_for_status().json()["id"])
    eventually(lambda: "waiting" in lines_of(api, id))
    return id


def test_a_killed_run_goes_on_and_the_service_never_notices(
    waiting_run: str, service: Any, engine: Any, api: httpx.Client, files: Any, eventually: Any
) -> None:
    os.kill(process_of(engine, waiting_run), signal.SIGKILL)
    files.gate.touch()

    eventually(lambda: run_of(api, waiting_run)["state"] == "succeeded")

    assert service.poll() is None
    assert run_of(api, waiting_run)["attempt"] == 2
    assert "generate: done before" in lines_of(api, waiting_run)


def test_a_run_outlives_its_killed_service(
    waiting_run: str, service: Any, start: Start, api: httpx.Client, files: Any, eventually: Any
) -> None:
    service.kill()
    service.wait()
    start("retrain")
    eventually(lambda: is_ready(api))
    refused = api.post("/runs", json={"study": "af"})
    files.gate.touch()
    eventually(lambda: run_of(api, waiting_run)["state"] == "succeeded")

    assert (refused.status_code, refused.json()["run"]) == (409, waiting_run)
    assert begun(files, waiting_run) == 1


def test_a_run_whose_host_went_down_is_found_at_the_next_start(
    waiting_run: str,
    service: Any,
    engine: Any,
    start: Start,
    api: httpx.Client,
    files: Any,
    eventually: Any,
) -> None:
    process = process_of(engine, waiting_run)
    service.kill()
    service.wait()
    os.killpg(process, signal.SIGKILL)
    files.gate.touch()
    start("retrain")
    eventually(lambda: is_ready(api))

    eventually(lambda: run_of(api, waiting_run)["state"] == "succeeded")

    assert any("ended without a result" in line for line in lines_of(api, waiting_run))
    assert begun(files, waiting_run) == 2


def test_a_service_told_to_end_hands_its_run_over(
    waiting_run: str, service: Any, engine: Any, files: Any, start: Start
) -> None:
    from services.retrain import runs

    service.terminate()
    service.wait()
    assert runs.read(engine, waiting_run).state == "queued"

    files.gate.touch()
    assert start("retrain-job", "af").wait() == 0
    assert runs.read(engine, waiting_run).state == "succeeded"


@pytest.mark.parametrize(
    ("execute", "status"), [("quick", 0), ("refusing", 1), ("dying_once", 0), ("dying", 1)]
)
def test_a_job_tells_by_its_status(start: Start, files: Any, execute: str, status: int) -> None:
    files.write(execute)

    assert start("retrain-job", "af").wait() == status


def test_a_job_leaves_a_run_that_is_carried_out_elsewhere(
    waiting_run: str, start: Start, api: httpx.Client
) -> None:
    assert start("retrain-job", "af").wait() == 3
    assert run_of(api, waiting_run)["state"] == "running"


def test_a_job_that_is_evicted_goes_on_in_the_next(
    start: Start, files: Any, engine: Any, eventually: Any
) -> None:
    from services.retrain import events, runs

    files.write("waiting")
    job = start("retrain-job", "af")

    def waits() -> str | None:
        for run in runs.page(engine, 1):
            if "waiting" in [event.line for event in events.after(engine, run.id, 0, 99)]:
                return run.id
        return None

    id = eventually(waits)
    job.terminate()
    assert job.wait() == 5
    files.gate.touch()

    assert start("retrain-job", "af").wait() == 0
    assert runs.read(engine, id).state == "succeeded"


def test_a_job_without_a_configuration_says_so(start: Start, files: Any) -> None:
    (files.folder / "retrain.yaml").unlink()

    assert start("retrain-job", "af").wait() == 1
