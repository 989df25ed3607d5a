"""The stand-in as its own process, asked over plain HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.students.decoder.prompt import messages as student_messages
from training.dataset import ItemType, TeacherItem, TeacherNote
from training.teacher import ItemCounts
from training.teacher.prompt import messages


@pytest.fixture(scope="module")
def process(
    samples: list[TeacherNote], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, httpx.Client]]:
    """The line that it prints, and a client for it."""
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "notes").mkdir()
    lines = [sample.model_dump_json() for sample in samples]
    (folder / "notes" / "a.jsonl").write_text("\n".join(lines))
    command = [sys.executable, "-m", "training.teacher.stand_in", "--port", "0"]
    with subprocess.Popen(
        [*command, "--dataset", str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        with httpx.Client(base_url=line.split()[-1], timeout=20) as client:
            yield line, client
        process.terminate()


@pytest.fixture
def client(process: tuple[str, httpx.Client]) -> httpx.Client:
    return process[1]


def ask(client: httpx.Client, asked: list[Any], **more: Any) -> httpx.Response:
    body = {"model": "stand-in-sample-items", "messages": asked, **more}
    return client.post("/chat/completions", json=body)


def content(answer: httpx.Response) -> str:
    return str(answer.raise_for_status().json()["choices"][0]["message"]["content"])


def test_it_says_that_it_is_a_stand_in(process: tuple[str, httpx.Client]) -> None:
    line, client = process
    models = client.get("/models")
    assert line.startswith("stand-in-sample-items: no model, only the items written beforehand")
    assert [model["id"] for model in models.json()["data"]] == ["stand-in-sample-items"]
    assert models.headers["x-stand-in"] == "sample items, no model"


@pytest.mark.parametrize("kind", ItemType)
def test_it_returns_the_items_of_the_note_and_kind(
    kind: ItemType, client: httpx.Client, samples: list[TeacherNote]
) -> None:
    answer = ask(client, messages(samples[2].text, kind, ItemCounts()))
    items = json.loads(content(answer))["items"]
    assert [TeacherItem.model_validate(item) for item in items] == [
        item for item in samples[2].items if item.type is kind
    ]
    assert answer.json()["usage"]["prompt_tokens"] > len(samples[2].text) / 5


def test_it_answers_a_question_as_a_student_would(
    client: httpx.Client, samples: list[TeacherNote]
) -> None:
    item = next(i for i in samples[0].items if i.type is ItemType.NUMERIC)
    question = item.as_question("study", 1)
    reply = json.loads(content(ask(client, list(student_messages(samples[0].text, question)))))
    assert reply == {"answer": item.answer, "quote": item.quote}


def test_a_question_that_no_item_asks_is_not_answerable(
    client: httpx.Client, samples: list[TeacherNote]
) -> None:
    item = next(i for i in samples[0].items if i.type is ItemType.BOOLEAN)
    question = item.model_copy(update={"question": "Owns a boat?"}).as_question("study", 1)
    reply = json.loads(content(ask(client, list(student_messages(samples[0].text, question)))))
    assert reply == {"answer": "NA", "quote": ""}


def test_it_knows_no_other_note(client: httpx.Client) -> None:
    answer = ask(client, messages("She smokes.", ItemType.BOOLEAN, ItemCounts()))
    assert answer.status_code == 400
    assert "knows only the notes of its dataset" in answer.json()["error"]["message"]


def test_it_stops_at_the_tokens_it_is_given(
    client: httpx.Client, samples: list[TeacherNote]
) -> None:
    asked = messages(samples[0].text, ItemType.BOOLEAN, ItemCounts())
    choice = ask(client, asked, max_tokens=50).json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert len(choice["message"]["content"]) == 200


def test_faults_are_switched_over_http_and_requests_counted(
    client: httpx.Client, samples: list[TeacherNote]
) -> None:
    origin = str(client.base_url).removesuffix("/v1/")
    fault = {"fault": "too-many", "times": 1, "seconds": 7}
    assert client.put(f"{origin}/stand-in/faults", json=[fault]).json() == {"faults": 1}
    before = len(client.get(f"{origin}/stand-in/asked").json())
    asked = messages(samples[0].text, ItemType.BOOLEAN, ItemCounts())
    refused, served = ask(client, asked), ask(client, asked)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert served.status_code == 200
    seen = client.get(f"{origin}/stand-in/asked").json()[before:]
    assert [one["note_id"] for one in seen] == [samples[0].id] * 2


def test_a_folder_without_notes_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.teacher.stand_in", "--dataset", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no *.jsonl file" in done.stderr
