"""A vLLM server: chat completions, the models that it lists, adapters loaded while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from shared.students.errors import StudentUnavailable

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT = 30.0
Json = Mapping[str, Any]


class VllmRefusedError(Exception):
    """The server said no, and asking again does not help. status: HTTP status. The message holds
    no text of the request."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Served:
    """A model that the server lists; an adapter has a parent. context: tokens, where told."""

    name: str
    parent: str | None
    context: int | None


class VllmServer:
    """`with VllmServer(url) as server:`. Its methods may be called by several threads.

    Every method raises StudentUnavailable and VllmRefusedError.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 120.0,
        patience: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """timeout: seconds for each reply. patience: seconds for which a server that is away or
        busy is asked again. transport: instead of the network."""
        self.url = url.rstrip("/").removesuffix("/v1")
        self._patience = patience
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(timeout, connect=10.0),
            limits=httpx.Limits(max_connections=None),
            transport=transport,
        )

    def models(self) -> list[Served]:
        listed = self._send("GET", "/v1/models").get("data")
        return [
            Served(str(m["id"]), m.get("parent"), m.get("max_model_len"))
            for m in (listed if isinstance(listed, list) else [])
            if isinstance(m, dict) and "id" in m
        ]

    def chat(self, body: Json) -> Json:
        """The first choice of a chat completion."""
        choices = self._send("POST", "/v1/chat/completions", body).get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise StudentUnavailable(f"{self.url} answers, but not as vLLM does")
        choice: Json = choices[0]
        return choice

    def load_adapter(self, name: str, folder: Path) -> None:
        """folder: the server has to see it under the same path. An adapter of this name that is
        there already stays."""
        body = {"lora_name": name, "lora_path": str(folder.resolve())}
        try:
            self._send("POST", "/v1/load_lora_adapter", body)
        except VllmRefusedError as error:
            if name in {model.name for model in self.models()}:
                return
            raise VllmRefusedError(
                f"{self.url} does not load {name}: {error}. It has to see {folder.resolve()} and "
                "to run with --enable-lora, a --max-lora-rank not below the adapter's, and "
                "VLLM_ALLOW_RUNTIME_LORA_UPDATING=1",
                error.status,
            ) from None

    def unload_adapter(self, name: str) -> None:
        """One that is not there is no error."""
        try:
            self._send("POST", "/v1/unload_lora_adapter", {"lora_name": name})
        except VllmRefusedError:
            if name in {model.name for model in self.models()}:
                raise

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, method: str, path: str, body: Json | None = None) -> Json:
        patiently = Retrying(
            retry=retry_if_exception_type(StudentUnavailable),
            stop=stop_before_delay(self._patience),
            wait=_wait,
            sleep=time.sleep,
            reraise=True,
        )
        return patiently(self._send_once, method, path, body)

    def _send_once(self, method: str, path: str, body: Json | None) -> Json:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise StudentUnavailable(
                f"no vLLM server answers at {self.url} ({type(error).__name__})"
            ) from None
        action = f"{method} {path}"
        if answer.status_code in _BUSY:
            raise StudentUnavailable(
                f"{self.url} is busy or broken: {action}: HTTP {answer.status_code}",
                _seconds(answer.headers.get("retry-after")),
            )
        if answer.status_code >= 300:
            raise VllmRefusedError(
                f"{action}: HTTP {answer.status_code}{_kind(answer)}", answer.status_code
            )
        content = _decoded(answer)
        return content if isinstance(content, dict) else {}


def load_adapter(url: str, name: str, folder: Path, key: str | None = None) -> None:
    """Loads a LoRA adapter into a running vLLM under a name, such as the student's version. The
    server needs --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1, and sees the folder under
    the same path.

    Raises StudentUnavailable, VllmRefusedError.
    """
    with VllmServer(url, key) as server:
        server.load_adapter(name, folder)


def unload_adapter(url: str, name: str, key: str | None = None) -> None:
    """Takes a LoRA adapter out of a running vLLM; requests that name it are refused from then on.
    Raises StudentUnavailable, VllmRefusedError."""
    with VllmServer(url, key) as server:
        server.unload_adapter(name)


def _wait(state: RetryCallState) -> float:
    """0.5, 1, 2, ... seconds with some jitter, and as long as the server asks, within reason."""
    growing = wait_exponential(multiplier=0.5, max=10) + wait_random(0, 0.5)
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, StudentUnavailable) else None
    return max(growing(state), min(asked or 0.0, _LONGEST_WAIT))


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.strip().isdecimal() else None


def _decoded(answer: httpx.Response) -> object:
    try:
        return answer.json()
    except ValueError:  # the adapters' endpoints answer in plain words
        return None


def _kind(answer: httpx.Response) -> str:
    """The error's type in brackets. Its message is left out: it may repeat the request."""
    content = _decoded(answer)
    error = content.get("error", content) if isinstance(content, dict) else None
    kind = error.get("type") if isinstance(error, dict) else None
    return f" ({kind})" if isinstance(kind, str) and kind.replace("_", "").isalnum() else ""
