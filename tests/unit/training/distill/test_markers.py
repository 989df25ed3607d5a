"""What of a run counts as done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from training.distill.markers import Markers, RunBusyError, sole


def test_a_step_is_done_for_the_inputs_it_was_done_for(tmp_path: Path) -> None:
    markers = Markers(tmp_path)
    markers.write("clean", {"subset": "all"}, {"items": 3})
    done = markers.done("clean", {"subset": "all"})
    assert done is not None
    assert done.result == {"items": 3}


def test_other_inputs_make_it_undone(tmp_path: Path) -> None:
    markers = Markers(tmp_path)
    markers.write("clean", {"subset": "all"}, {})
    assert markers.done("clean", {"subset": "boolean"}) is None


def test_a_write_that_was_killed_half_way_leaves_the_step_undone(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps/clean.partial").write_text('{"inputs": "')
    assert Markers(tmp_path).read("clean") is None


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with sole(tmp_path), pytest.raises(RunBusyError, match="another process"), sole(tmp_path):
        pass


def test_a_killed_process_leaves_the_folder_free(tmp_path: Path) -> None:
    hold = (
        "import sys, pathlib; from training.distill.markers import sole\n"
        "with sole(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"held"
    with pytest.raises(RunBusyError), sole(tmp_path):
        pass
    child.kill()
    child.communicate()
    with sole(tmp_path):
        pass
