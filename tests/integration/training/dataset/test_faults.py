"""A kill or a full disk while a dataset is written leaves the state as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from training.dataset import read_dataset

WRITE = """
import os, resource, signal, sys
from pathlib import Path
from training.dataset import DatasetError, ItemType, TeacherItem, TeacherNote
from training.dataset.writing import write_dataset

out, name, fault = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
item = TeacherItem(question="Smoker?", type=ItemType.BOOLEAN, answer="Yes", quote="smokes")
notes = [
    TeacherNote(id=f"{name}-{n:04}", text="She smokes. " * 40, items=(item,)) for n in range(2500)
]
def describe(data):
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"hash": data.hash}, "card"
if fault == "full":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
if fault == "moves":
    rename = Path.rename
    def dying(self, target):
        done = rename(self, target)
        if self == out:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    Path.rename = dying
try:
    write_dataset(notes, out, {"held_out": 0.1}, describe)
except DatasetError as error:
    sys.exit(str(error))
"""
ROOT = Path(__file__).parents[4]


def write(out: Path, name: str, fault: str = "none") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WRITE, str(out), name, fault],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def first_note(folder: Path) -> str:
    data = read_dataset(folder)
    return min(note.id for note in (*data.train, *data.held_out))


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path / "data", "old")
    before = read_dataset(tmp_path / "data").hash
    failed = write(tmp_path / "data", "new", "full")
    assert failed.returncode == 1
    assert "cannot be written" in failed.stderr
    assert "smokes" not in failed.stderr
    assert read_dataset(tmp_path / "data").hash == before
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_kill_leaves_the_old_dataset_and_the_next_write_tidies_up(tmp_path: Path) -> None:
    write(tmp_path / "data", "old")
    assert write(tmp_path / "data", "new", "kill").returncode == -signal.SIGKILL
    assert first_note(tmp_path / "data") == "old-0000"
    assert len(list(tmp_path.iterdir())) == 2
    assert write(tmp_path / "data", "newer").returncode == 0
    assert first_note(tmp_path / "data") == "newer-0000"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_kill_between_the_two_moves_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path / "data", "old")
    assert write(tmp_path / "data", "new", "moves").returncode == -signal.SIGKILL
    assert write(tmp_path / "data", "newer", "full").returncode == 1
    assert first_note(tmp_path / "data") == "old-0000"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
