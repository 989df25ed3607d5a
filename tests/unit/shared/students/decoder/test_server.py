"""A vLLM server that is away, busy, or says no."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.students.decoder.server import VllmRefusedError, VllmServer
from shared.students.errors import StudentUnavailable

Answer = Callable[[httpx.Request], httpx.Response]
COMPLETION = {"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}
NOTE = "Mr. Secret has a stroke."


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, none of which is waited for."""
    pauses: list[float] = []
    monkeypatch.setattr("shared.students.decoder.server.time.sleep", pauses.append)
    return pauses


def server(answer: Answer, patience: float = 60) -> VllmServer:
    return VllmServer("http://gpu:8000", transport=httpx.MockTransport(answer), patience=patience)


def in_turn(*answers: httpx.Response | Exception) -> Answer:
    left: Iterator[httpx.Response | Exception] = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        one = next(left)
        if isinstance(one, Exception):
            raise one
        return one

    return answer


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(429),
        httpx.Response(503),
        httpx.Response(500),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut off"),
    ],
)
def test_a_server_that_comes_back_is_asked_again(
    slept: list[float], fault: httpx.Response | Exception
) -> None:
    busy = server(in_turn(fault, fault, httpx.Response(200, json=COMPLETION)))
    assert busy.chat({}) == COMPLETION["choices"][0]
    assert len(slept) == 2


def test_it_waits_as_long_as_the_server_asks_within_reason(slept: list[float]) -> None:
    answers = [httpx.Response(429, headers={"retry-after": wait}) for wait in ("7", "900")]
    server(in_turn(*answers, httpx.Response(200, json=COMPLETION))).chat({})
    assert slept == [7, 30]


def test_patience_ends_and_the_error_names_the_server(slept: list[float]) -> None:
    busy = server(lambda _: httpx.Response(503, headers={"retry-after": "5"}), patience=0)
    with pytest.raises(StudentUnavailable, match=r"http://gpu:8000 .*HTTP 503") as caught:
        busy.chat({})
    assert caught.value.retry_after == 5
    assert slept == []


def test_a_refusal_is_not_repeated_and_repeats_no_text() -> None:
    asked = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(
            400, json={"error": {"message": f"cannot read {NOTE}", "type": "BadRequestError"}}
        )

    with pytest.raises(VllmRefusedError) as caught:
        server(refuse).chat({"messages": [{"content": NOTE}]})
    assert str(caught.value) == "POST /v1/chat/completions: HTTP 400 (BadRequestError)"
    assert len(asked) == 1


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [7]}', b'{"choices": 7}']
)
def test_something_else_at_that_address_is_told_apart(slept: list[float], content: bytes) -> None:
    with pytest.raises(StudentUnavailable, match="not as vLLM does"):
        server(lambda _: httpx.Response(200, content=content), patience=0).chat({})


class Adapters:
    """The part of vLLM that keeps adapters, as far as its answers go."""

    def __init__(self, *, allowed: bool = True) -> None:
        self.loaded: dict[str, str] = {}
        self.allowed = allowed

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/models":
            return httpx.Response(200, json={"data": [{"id": name} for name in self.loaded]})
        if not self.allowed:
            return httpx.Response(404, json={"detail": "Not Found"})
        body: dict[str, Any] = json.loads(request.content)
        name = body["lora_name"]
        if request.url.path == "/v1/load_lora_adapter":
            if name in self.loaded:
                return httpx.Response(400, json={"error": {"type": "InvalidUserInput"}})
            self.loaded[name] = body["lora_path"]
        elif self.loaded.pop(name, None) is None:
            return httpx.Response(404, json={"error": {"type": "NotFoundError"}})
        return httpx.Response(200, text="Success")


def test_an_adapter_is_loaded_once_and_unloaded(tmp_path: Path) -> None:
    adapters = Adapters()
    vllm = server(adapters)
    for _ in range(2):
        vllm.load_adapter("decoder-1", tmp_path)
    assert adapters.loaded == {"decoder-1": str(tmp_path)}
    for _ in range(2):
        vllm.unload_adapter("decoder-1")
    assert adapters.loaded == {}


def test_a_server_that_loads_none_comes_with_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(VllmRefusedError, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING=1"):
        server(Adapters(allowed=False)).load_adapter("decoder-1", tmp_path)


def test_the_key_is_sent_and_never_shown() -> None:
    keys = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["authorization"])
        return httpx.Response(401, json={"error": "Unauthorized"})

    vllm = VllmServer("http://gpu:8000", "s3cret", transport=httpx.MockTransport(answer))
    with pytest.raises(VllmRefusedError) as caught:
        vllm.models()
    assert keys == ["Bearer s3cret"]
    assert "s3cret" not in str(caught.value)
