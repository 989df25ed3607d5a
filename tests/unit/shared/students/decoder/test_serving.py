"""Whether a server serves a student, and the commands that make it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import httpx
import pytest

from shared.students.decoder.server import Served, VllmServer
from shared.students.decoder.serving import ModelNotServedError, Placed, check_served, context_of


@pytest.fixture
def placed(tmp_path: Path) -> Placed:
    folder = tmp_path / "student"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"r": 24}')
    return Placed("decoder-0123456789ab", folder, "meta-llama/Llama-3.2-1B-Instruct")


def server_listing(*models: dict[str, object]) -> VllmServer:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"object": "list", "data": models})

    return VllmServer("http://gpu:8000/v1/", transport=httpx.MockTransport(answer), patience=0)


def test_a_listed_student_is_found(placed: Placed) -> None:
    listed = check_served(server_listing({"id": "base"}, {"id": placed.model}), placed)
    assert set(listed) == {"base", placed.model}


def test_a_missing_student_comes_with_the_commands_that_cure_it(placed: Placed) -> None:
    with pytest.raises(ModelNotServedError) as caught:
        check_served(server_listing({"id": "base"}), placed)
    told = str(caught.value)
    assert "serves base, and does not list decoder-0123456789ab" in told
    assert (
        "vllm serve meta-llama/Llama-3.2-1B-Instruct --enable-lora --max-lora-rank 32 "
        f"--lora-modules decoder-0123456789ab={placed.folder}"
    ) in told
    curl = re.search(r"curl .*", told)
    assert curl is not None
    words = shlex.split(curl[0])
    assert "http://gpu:8000/v1/load_lora_adapter" in words
    assert json.loads(words[-1]) == {
        "lora_name": "decoder-0123456789ab",
        "lora_path": str(placed.folder),
    }


def test_a_base_model_as_student_is_served_without_adapter(tmp_path: Path) -> None:
    placed = Placed("decoder-0123456789ab", tmp_path, "models/base")
    with pytest.raises(ModelNotServedError) as caught:
        check_served(server_listing(), placed)
    assert str(caught.value).endswith(
        "vllm serve models/base --served-model-name decoder-0123456789ab"
    )


def test_a_server_that_is_not_there_comes_with_the_command_that_starts_it(placed: Placed) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    server = VllmServer("http://gpu:8000", transport=httpx.MockTransport(refuse), patience=0)
    with pytest.raises(ModelNotServedError, match=r"http://gpu:8000 .*vllm serve "):
        check_served(server, placed)


@pytest.mark.parametrize(
    ("adapter", "base", "limit", "context"),
    [
        (None, 8192, None, 8192),
        (None, 8192, 4000, 4000),
        (2048, 8192, None, 2048),
        (None, None, 6000, 6000),
        (None, None, None, 4096),
    ],
)
def test_the_context_is_what_the_server_tells_within_the_limit(
    adapter: int | None, base: int | None, limit: int | None, context: int
) -> None:
    listed = {"a": Served("a", "b", adapter), "b": Served("b", None, base)}
    assert context_of(listed, "a", limit) == context
