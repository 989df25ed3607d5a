"""The supervisor, with small processes in place of the services."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.supervisor import NotReady, Supervisor
from shared.settings import Settings

UNREACHABLE = Settings(
    fhir_url="http://127.0.0.1:9/fhir",
    ingest_url="http://127.0.0.1:9",
    trials_url="http://127.0.0.1:9",
)


def running(code: str) -> Callable[[str], list[str]]:
    return lambda verb: [sys.executable, "-c", code, verb]


def test_starts_the_five_services() -> None:
    with Supervisor(UNREACHABLE, command=running("import time; time.sleep(60)")) as services:
        assert list(services.pids) == ["fhir", "trials", "ingest", "extract", "writeback"]


def test_starts_again_what_died_and_says_so() -> None:
    said: list[str] = []
    with Supervisor(
        UNREACHABLE, say=said.append, command=running("import time; time.sleep(60)")
    ) as services:
        first = services.pids
        os.kill(first["extract"], signal.SIGKILL)
        while services.pids.get("extract") in (None, first["extract"]):
            services.tend()
            time.sleep(0.05)
        assert {**services.pids, "extract": 0} == {**first, "extract": 0}
    assert len(said) == 1
    assert said[0].startswith("extract ended with status -9")


def test_names_the_service_that_cannot_start_and_its_log(tmp_path: Path) -> None:
    with (
        Supervisor(
            UNREACHABLE, log_dir=tmp_path, command=running("raise SystemExit(3)")
        ) as services,
        pytest.raises(NotReady, match=r"fhir ended with status 3 .*fhir\.log"),
    ):
        services.wait_until_ready(timeout=30)


def test_says_what_is_not_ready_in_time() -> None:
    with (
        Supervisor(UNREACHABLE, command=running("import time; time.sleep(60)")) as services,
        pytest.raises(NotReady, match="fhir is not ready"),
    ):
        services.wait_until_ready(timeout=0.3)


def test_nothing_is_left_after_the_block_even_if_it_fails(tmp_path: Path) -> None:
    pids: dict[str, int] = {}

    def fail_inside() -> None:
        with Supervisor(UNREACHABLE, command=running("import time; time.sleep(60)")) as services:
            pids.update(services.pids)
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail_inside()
    for pid in pids.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_services_get_the_environment_and_write_to_their_logs(tmp_path: Path) -> None:
    command = running("import os; print(os.environ['CHARTSIFT_DATA_DIR'], flush=True)")
    with Supervisor(UNREACHABLE, {"CHARTSIFT_DATA_DIR": "here"}, tmp_path, command=command):
        while (tmp_path / "trials.log").read_text() != "here\n":
            time.sleep(0.05)
