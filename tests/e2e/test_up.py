"""`chartsift up`: all services of one machine under one process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from services.demo import site
from services.supervisor import chartsift

pytestmark = pytest.mark.e2e


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_stop_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    environment = {
        **os.environ,
        **site.environment(tmp_path),
        "CHARTSIFT_STUDENT": "tiny_student:open_student",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    urls = [
        f"{environment['CHARTSIFT_FHIR_URL']}/metadata",
        f"{environment['CHARTSIFT_INGEST_URL']}/ready",
        f"{environment['CHARTSIFT_TRIALS_URL']}/ready",
    ]
    program = subprocess.Popen(chartsift("up"), env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not all(map(answers, urls)):
            assert program.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        program.send_signal(number)
        assert program.wait(timeout=60) == 0
    finally:
        program.kill()
    assert not any(map(answers, urls))
