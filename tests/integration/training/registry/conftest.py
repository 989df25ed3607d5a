"""Registries in a folder, in memory and on a real S3 server; students of a few bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from training.gate import Decision
from training.registry import Registry, StudentDescription, write_description

NewStudent = Callable[[str], Path]


@pytest.fixture
def new_student(tmp_path: Path) -> NewStudent:
    """Makes the folder of a student; another name is another student."""

    def make(name: str) -> Path:
        folder = tmp_path / "made" / name
        (folder / "tokenizer").mkdir(parents=True)
        (folder / "weights.bin").write_bytes(name.encode() * 1000)
        (folder / "tokenizer" / "vocabulary.txt").write_text("a\nb\n")
        (folder / "README.md").write_text(f"# {name}\n")
        description = StudentDescription(
            engine="tiny",
            name=name,
            created=datetime(2026, 1, 1, tzinfo=UTC),
            dataset={"hash": "abc"},
            thresholds={},
            metrics={"three_class_balanced_accuracy": 0.7},
        )
        write_description(folder, description)
        return folder

    return make


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty bucket."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"students-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}"


@pytest.fixture(params=["folder", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    match request.param:
        case "folder":
            return str(tmp_path / "registry")
        case "memory":
            return f"memory://{uuid4().hex}"
        case _:
            return f"{request.getfixturevalue('s3')}/below"


@pytest.fixture
def registry(url: str) -> Registry:
    return Registry(url)


def decided(candidate: str, in_service: str | None, promote: bool = True) -> Decision:
    return Decision(
        promote=promote,
        candidate=candidate,
        in_service=in_service,
        notes=10,
        pairs=100,
        reasons=("yes_precision: 0.500 stays below the floor of 0.600",),
    )


@pytest.fixture
def decide() -> Callable[..., Decision]:
    return decided
