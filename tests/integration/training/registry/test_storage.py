"""What promotions rest on: one name, one writer; and what a store that fails says."""

from __future__ import annotations

import os
from pathlib import Path

import boto3
import pytest

from training.registry import Registry, RegistryError, RegistryUnavailable
from training.registry.storage import Storage


@pytest.fixture
def storage(url: str) -> Storage:
    return Storage(url)


def test_a_name_is_given_once_and_keeps_its_content(storage: Storage) -> None:
    assert storage.create("log/1", b"first")
    assert not storage.create("log/1", b"second")
    assert storage.read("log/1") == b"first"


def test_names_are_listed_by_their_last_part(storage: Storage) -> None:
    storage.write("a/1", b"")
    storage.write("a/b/2", b"")
    assert storage.names("a") == ["1", "b"]
    assert storage.names("nowhere") == []


def test_what_is_written_is_read_in_pieces(storage: Storage, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "source").write_bytes(content)
    storage.put(tmp_path / "source", "a/large")
    pieces = list(storage.chunks("a/large"))
    assert b"".join(pieces) == content
    assert len(pieces) == 3


def test_a_file_that_is_not_there_is_not_found(storage: Storage) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read("nothing")
    with pytest.raises(FileNotFoundError):
        list(storage.chunks("nothing"))


def test_without_hard_links_a_name_is_still_given_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError("this file system has no hard links")

    monkeypatch.setattr(os, "link", refuse)
    storage = Storage(str(tmp_path))
    assert storage.create("log/1", b"first")
    assert not storage.create("log/1", b"second")
    assert storage.read("log/1") == b"first"
    assert storage.names("log") == ["1"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    (tmp_path / "store").mkdir()
    storage = Storage(str(tmp_path / "store"))
    real_open = Path.open

    def onto_full_disk(path: Path, mode: str = "r", **options: object) -> object:
        if mode == "xb":
            real_open(path, "xb").close()
            return real_open(Path("/dev/full"), "wb", buffering=0)
        return real_open(path, mode, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", onto_full_disk)
        with pytest.raises(RegistryUnavailable, match="No space left"):
            storage.create("log/1", b"content")
    assert storage.names("log") == []


def test_a_bucket_that_does_not_exist_is_named(s3: str) -> None:
    with pytest.raises(RegistryUnavailable, match="no bucket students-nowhere"):
        Registry("s3://students-nowhere/below").in_service()


def test_an_s3_server_that_lets_both_writers_win_is_refused(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(s3)
    # What a server does that does not know the header: it overwrites.
    store = storage._fs
    monkeypatch.setattr(store, "pipe_file", lambda path, content, mode: store.pipe({path: content}))
    with pytest.raises(RegistryError, match="ignores If-None-Match"):
        storage.create("log/1", b"first")
    bucket = s3.removeprefix("s3://")
    keys = [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["log/.exclusive"]


def test_another_kind_of_store_is_refused() -> None:
    with pytest.raises(RegistryError, match="folder, file://, s3:// or memory://"):
        Storage("http://example.org/students")


def test_a_store_that_refuses_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryUnavailable, match=str(tmp_path / "file")):
        Storage(str(tmp_path / "file")).write("log/1", b"")
