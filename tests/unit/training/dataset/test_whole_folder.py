"""A folder is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.dataset.whole_folder import whole_folder

MARK = "mark"


def write(out: Path, text: str) -> None:
    with whole_folder(out, MARK) as folder:
        (folder / "sub").mkdir()
        (folder / "sub/file").write_text(text)
        (folder / MARK).touch()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_appears_with_all_it_holds(tmp_path: Path) -> None:
    write(tmp_path / "deep/out", "new")
    assert (tmp_path / "deep/out/sub/file").read_text() == "new"
    assert names(tmp_path / "deep") == ["out"]


def test_a_folder_of_its_kind_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "out", "old")
    write(tmp_path / "out", "new")
    assert (tmp_path / "out/sub/file").read_text() == "new"
    assert names(tmp_path) == ["out"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", "new")
    assert names(tmp_path / "out") == ["mark", "sub"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_leaves_everything_as_it_was(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    write(tmp_path / "out", "old")
    with pytest.raises(stop), whole_folder(tmp_path / "out", MARK) as folder:
        (folder / MARK).touch()
        raise stop
    assert (tmp_path / "out/sub/file").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_somebody_elses_folder_or_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/thesis").touch()
    (tmp_path / "file").touch()
    for name in ("folder", "file"):
        with pytest.raises(FileExistsError, match="something else"):
            write(tmp_path / name, "new")
    assert names(tmp_path / "folder") == ["thesis"]


def test_a_folder_caught_between_the_two_moves_is_put_back(tmp_path: Path) -> None:
    write(tmp_path / "out", "old")
    (tmp_path / "out").rename(tmp_path / ".out.previous")
    with pytest.raises(ValueError, match="stop"), whole_folder(tmp_path / "out", MARK):
        raise ValueError("stop")
    assert (tmp_path / "out/sub/file").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_the_scratch_folder_of_a_dead_process_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".out.unfinished-dead").mkdir()
    write(tmp_path / "out", "new")
    assert names(tmp_path) == ["out"]


def test_the_scratch_folder_of_one_at_work_is_not(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out", MARK) as first:
        with whole_folder(tmp_path / "out", MARK) as second:
            (second / MARK).touch()
        assert first.is_dir()
        (first / MARK).write_text("first")
    assert (tmp_path / "out" / MARK).read_text() == "first"


def test_what_may_hold_patient_text_is_for_its_owner_alone(tmp_path: Path) -> None:
    write(tmp_path / "out", "new")
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_the_mode_that_somebody_chose_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "out", "old")
    (tmp_path / "out").chmod(0o750)
    write(tmp_path / "out", "new")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750
