"""What a registry promises, in a folder, in memory and on S3."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from shared.students.version import student_version
from training.gate import Decision
from training.registry import (
    DamagedRegistry,
    DamagedStudent,
    Kind,
    NotPromotable,
    PromotionConflict,
    Registry,
    State,
    UnknownStudent,
)
from training.registry.storage import Storage

NewStudent = Callable[[str], Path]
Decide = Callable[..., Decision]


def raw(registry: Registry, name: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """A file behind the registry's back."""
    filesystem, root = fsspec.url_to_fs(registry.url, use_listings_cache=False)
    return filesystem, f"{root}/{name}"


def test_an_empty_registry_has_no_students(registry: Registry) -> None:
    assert (registry.entries(), registry.in_service(), registry.history()) == ([], None, [])


def test_what_is_added_is_a_candidate_under_the_version_of_its_folder(
    registry: Registry, new_student: NewStudent
) -> None:
    folder = new_student("a")
    version = registry.add(folder, by="ann")
    assert version == student_version(folder)
    (listed,) = registry.entries()
    assert (listed.version, listed.state, listed.by) == (version, State.CANDIDATE, "ann")
    assert registry.description(version).name == "a"
    assert registry.card(version) == "# a\n"


def test_a_student_added_again_changes_nothing_but_its_card(
    registry: Registry, new_student: NewStudent
) -> None:
    folder = new_student("a")
    version = registry.add(folder)
    (folder / "README.md").write_text("better words")
    assert registry.add(folder) == version
    assert len(registry.history()) == 1
    assert registry.card(version) == "better words"


def test_a_fetched_student_is_the_one_that_was_added(
    registry: Registry, new_student: NewStudent, tmp_path: Path
) -> None:
    folder = new_student("a")
    version = registry.add(folder)
    fetched = registry.fetch(version, tmp_path / "students")
    assert fetched == tmp_path / "students" / version
    assert student_version(fetched) == version
    assert (fetched / "tokenizer" / "vocabulary.txt").read_text() == "a\nb\n"
    assert (fetched / "README.md").read_text() == "# a\n"
    assert [one.name for one in (tmp_path / "students").iterdir()] == [version]


def test_a_fetched_student_is_not_fetched_again_unless_it_was_altered(
    registry: Registry, new_student: NewStudent, tmp_path: Path
) -> None:
    version = registry.add(new_student("a"))
    fetched = registry.fetch(version, tmp_path / "students")
    first = fetched.stat().st_ino
    assert registry.fetch(version, tmp_path / "students").stat().st_ino == first
    (fetched / "weights.bin").write_bytes(b"other")
    again = registry.fetch(version, tmp_path / "students")
    assert student_version(again) == version
    assert [one.name for one in (tmp_path / "students").iterdir()] == [version]


def test_a_promotion_is_remembered_with_who_and_why(
    registry: Registry, new_student: NewStudent, decide: Decide
) -> None:
    first, second = registry.add(new_student("a")), registry.add(new_student("b"))
    registry.promote(first, decide(first, None), by="ann")
    registry.promote(second, None, by="bob", reason="tried by hand")
    assert registry.in_service() == second
    assert [registry.state(one) for one in (first, second)] == [State.RETIRED, State.IN_SERVICE]
    *_, one, other = registry.history()
    assert (one.kind, one.version, one.previous, one.by) == (Kind.PROMOTED, first, None, "ann")
    assert one.decision is not None and one.decision["candidate"] == first
    assert (other.previous, other.by, other.reason) == (first, "bob", "tried by hand")


def test_another_process_sees_what_happened(
    registry: Registry, new_student: NewStudent, url: str
) -> None:
    other = Registry(url)
    assert other.in_service() is None
    version = registry.add(new_student("a"))
    registry.promote(version, None)
    assert other.in_service() == version


def test_promoting_the_student_in_service_does_nothing(
    registry: Registry, new_student: NewStudent
) -> None:
    version = registry.add(new_student("a"))
    registry.promote(version, None)
    registry.promote(version, None)
    assert len(registry.history()) == 2


def test_roll_back_is_one_call(registry: Registry, new_student: NewStudent) -> None:
    first, second = registry.add(new_student("a")), registry.add(new_student("b"))
    registry.promote(first, None)
    registry.promote(second, None)
    assert registry.roll_back(by="ann") == first
    assert registry.in_service() == first
    event = registry.history()[-1]
    assert (event.kind, event.version, event.previous) == (Kind.ROLLED_BACK, first, second)


def test_without_an_earlier_student_there_is_nothing_to_roll_back_to(
    registry: Registry, new_student: NewStudent
) -> None:
    registry.promote(registry.add(new_student("a")), None)
    with pytest.raises(NotPromotable, match="no earlier student"):
        registry.roll_back()


def test_a_retired_candidate_is_none_any_more_and_the_one_in_service_cannot_be(
    registry: Registry, new_student: NewStudent
) -> None:
    first, second = registry.add(new_student("a")), registry.add(new_student("b"))
    registry.promote(first, None)
    registry.retire(second, reason="not better")
    assert registry.state(second) is State.RETIRED
    with pytest.raises(NotPromotable, match="in service"):
        registry.retire(first)


def test_a_decision_against_promotion_is_kept(
    registry: Registry, new_student: NewStudent, decide: Decide
) -> None:
    version = registry.add(new_student("a"))
    with pytest.raises(NotPromotable, match=r"stays below the floor of 0\.600"):
        registry.promote(version, decide(version, None, promote=False))
    with pytest.raises(NotPromotable, match="is about tiny-000000000000"):
        registry.promote(version, decide("tiny-000000000000", None))
    assert registry.state(version) is State.CANDIDATE


def test_a_decision_counts_only_against_the_student_that_is_in_service(
    registry: Registry, new_student: NewStudent, decide: Decide
) -> None:
    versions = [registry.add(new_student(name)) for name in "abc"]
    registry.promote(versions[0], None)
    registry.promote(versions[1], decide(versions[1], versions[0]))
    with pytest.raises(PromotionConflict, match=rf"{versions[1]} is in service now"):
        registry.promote(versions[2], decide(versions[2], versions[0]))
    assert registry.in_service() == versions[1]


def test_a_promotion_between_look_and_write_is_noticed(
    registry: Registry, new_student: NewStudent, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = registry.add(new_student("a")), registry.add(new_student("b"))
    verify = registry.verify

    def while_other_promotes(version: str) -> None:
        verify(version)
        Registry(url).promote(second, None)

    monkeypatch.setattr(registry, "verify", while_other_promotes)
    with pytest.raises(PromotionConflict, match=f"{second} came into service meanwhile"):
        registry.promote(first, None)
    assert registry.in_service() == second
    assert registry.state(first) is State.CANDIDATE


def test_a_candidate_added_between_look_and_write_is_no_conflict(
    registry: Registry, new_student: NewStudent, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = registry.add(new_student("a")), new_student("b")
    create = Storage.create
    others = iter([second])

    def late(self: Storage, name: str, content: bytes) -> bool:
        for folder in others:
            Registry(url).add(folder)
        return create(self, name, content)

    monkeypatch.setattr(Storage, "create", late)
    registry.promote(first, None)
    assert [event.kind for event in registry.history()] == ["added", "added", "promoted"]


def test_an_event_whose_receipt_was_lost_is_not_written_twice(
    registry: Registry, new_student: NewStudent, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = registry.add(new_student("a"))
    create = Storage.create

    def repeated(self: Storage, name: str, content: bytes) -> bool:
        create(self, name, content)
        return create(self, name, content)

    monkeypatch.setattr(Storage, "create", repeated)
    registry.promote(version, None)
    assert [event.kind for event in registry.history()] == ["added", "promoted"]


@pytest.mark.parametrize("fault", ["missing", "altered"])
def test_a_student_with_a_faulty_file_is_refused_by_name_and_nothing_changes(
    registry: Registry, new_student: NewStudent, tmp_path: Path, fault: str
) -> None:
    first, second = registry.add(new_student("a")), registry.add(new_student("b"))
    registry.promote(second, None)
    filesystem, path = raw(registry, f"students/{first}/tokenizer/vocabulary.txt")
    if fault == "missing":
        filesystem.rm_file(path)
    else:
        filesystem.pipe_file(path, b"a\nc\n")
    before = registry.history()
    with pytest.raises(DamagedStudent, match=f"vocabulary.txt is {fault}"):
        registry.promote(first, None)
    with pytest.raises(DamagedStudent, match=f"vocabulary.txt is {fault}"):
        registry.fetch(first, tmp_path / "students")
    with pytest.raises(DamagedStudent, match=f"vocabulary.txt is {fault}"):
        registry.add(tmp_path / "made" / "a")
    assert registry.history() == before
    assert list((tmp_path / "students").iterdir()) == []


def test_a_roll_back_to_a_damaged_student_is_refused(
    registry: Registry, new_student: NewStudent
) -> None:
    first, second = registry.add(new_student("a")), registry.add(new_student("b"))
    registry.promote(first, None)
    registry.promote(second, None)
    filesystem, path = raw(registry, f"students/{first}/weights.bin")
    filesystem.rm_file(path)
    with pytest.raises(DamagedStudent, match=r"weights\.bin is missing"):
        registry.roll_back()
    assert registry.in_service() == second


def test_a_manifest_that_names_other_files_than_its_version_is_refused(
    registry: Registry, new_student: NewStudent, tmp_path: Path
) -> None:
    version = registry.add(new_student("a"))
    filesystem, path = raw(registry, f"students/{version}/.complete")
    manifest = json.loads(filesystem.cat_file(path))
    del manifest["files"]["weights.bin"]
    filesystem.pipe_file(path, json.dumps(manifest).encode())
    with pytest.raises(DamagedStudent, match=r"\.complete is altered"):
        registry.fetch(version, tmp_path)


def test_an_unknown_student_is_an_error(registry: Registry, tmp_path: Path) -> None:
    unknown = "tiny-0123456789ab"
    for refused in (
        lambda: registry.promote(unknown, None),
        lambda: registry.fetch(unknown, tmp_path),
        lambda: registry.state(unknown),
        lambda: registry.card(unknown),
        lambda: registry.retire(unknown),
    ):
        with pytest.raises(UnknownStudent, match=unknown):
            refused()


def test_an_upload_that_was_cut_off_counts_for_nothing_and_can_be_repeated(
    registry: Registry, new_student: NewStudent, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_student("a")
    with monkeypatch.context() as patch:

        def full(self: Storage, name: str, content: bytes) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(Storage, "write", full)
        with pytest.raises(OSError, match="No space left"):
            registry.add(folder)
    assert registry.entries() == []
    version = registry.add(folder)
    registry.verify(version)


def test_a_gap_in_the_log_is_named(registry: Registry, new_student: NewStudent, url: str) -> None:
    for name in "abc":
        registry.add(new_student(name))
    filesystem, path = raw(registry, "log/00000002.json")
    filesystem.rm_file(path)
    for one in (registry, Registry(url)):
        with pytest.raises(DamagedRegistry, match=r"log/00000002\.json is missing"):
            one.entries()


def test_an_event_that_cannot_be_read_is_named(
    registry: Registry, new_student: NewStudent, url: str
) -> None:
    registry.add(new_student("a"))
    filesystem, path = raw(registry, "log/00000001.json")
    filesystem.pipe_file(path, b"{")
    with pytest.raises(DamagedRegistry, match=r"log/00000001\.json cannot be read"):
        Registry(url).in_service()
