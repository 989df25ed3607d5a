from __future__ import annotations

import asyncio

import pytest

from shared.fhir.errors import FhirInvalid, FhirUnavailable
from shared.fhir.patience import retrying


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds


class Server:
    """Away for the first `away` calls."""

    def __init__(self, away: int, error: Exception) -> None:
        self.calls, self.away, self.error = 0, away, error

    async def answer(self) -> str:
        self.calls += 1
        if self.calls <= self.away:
            raise self.error
        return "answer"


async def test_waits_longer_each_time_until_the_server_is_back(slept: list[float]) -> None:
    server = Server(3, FhirUnavailable("away"))
    assert await retrying(server.answer) == "answer"
    assert len(slept) == 3
    assert all(base <= wait <= base + 0.5 for base, wait in zip([0.5, 1, 2], slept, strict=True))


async def test_waits_at_least_as_long_as_the_server_asks(slept: list[float]) -> None:
    assert await retrying(Server(1, FhirUnavailable("busy", 429, 17.0)).answer) == "answer"
    assert slept == [17.0]


async def test_gives_up_when_the_wait_would_outlast_the_patience(slept: list[float]) -> None:
    server = Server(1, FhirUnavailable("busy", 503, 3600.0))
    with pytest.raises(FhirUnavailable):
        await retrying(server.answer, patience=60)
    assert slept == []


async def test_a_lambda_is_as_good_as_a_coroutine_function(slept: list[float]) -> None:
    async def ask(server: Server) -> str:
        return await server.answer()

    server = Server(1, FhirUnavailable("away"))
    assert await retrying(lambda: ask(server)) == "answer"
    assert len(slept) == 1


async def test_other_errors_are_not_repeated(slept: list[float]) -> None:
    server = Server(1, FhirInvalid("wrong", 422))
    with pytest.raises(FhirInvalid):
        await retrying(server.answer)
    assert server.calls == 1
