"""kill -9 in a burst of writes: what was answered is kept, and only whole transactions are."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx

SIZE = 8
SYSTEM = "http://chartsift.test/burst"


def bundle(name: str) -> dict[str, Any]:
    entries = [
        {
            "resource": {
                "resourceType": "Observation",
                "id": f"{name}-{number}",
                "identifier": [{"system": SYSTEM, "value": name}],
                "status": "final",
                "code": {"text": "burst"},
            },
            "request": {"method": "PUT", "url": f"Observation/{name}-{number}"},
        }
        for number in range(SIZE)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def test_a_kill_in_the_middle_leaves_whole_transactions(process: Any) -> None:
    sent: list[str] = []
    answered: list[str] = []

    def write(writer: int) -> None:
        with httpx.Client(base_url=process.url, timeout=10) as fhir:
            for number in range(10_000):
                name = f"w{writer}-{number}"
                sent.append(name)
                try:
                    if fhir.post("", json=bundle(name)).status_code == 200:
                        answered.append(name)
                except httpx.HTTPError:
                    return

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    while len(answered) < 12:
        time.sleep(0.01)
    process.kill()
    for writer in writers:
        writer.join()
    process.start()

    with httpx.Client(base_url=process.url, timeout=30) as fhir:

        def kept(name: str) -> int:
            params = {"identifier": f"{SYSTEM}|{name}", "_summary": "count"}
            total: int = fhir.get("Observation", params=params).json()["total"]
            return total

        counts = {name: kept(name) for name in sent}
    assert {counts[name] for name in answered} == {SIZE}
    assert set(counts.values()) <= {0, SIZE}
