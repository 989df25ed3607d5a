"""Who works in a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from training.distill.lock import FolderBusy, held, is_abandoned


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(FolderBusy, match="another process"), held(tmp_path, 0):
        pass


def test_a_killed_process_leaves_the_folder_free(tmp_path: Path) -> None:
    hold = (
        "import sys, pathlib; from training.distill.lock import held\n"
        "with held(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"held"
    with pytest.raises(FolderBusy), held(tmp_path, 0):
        pass
    child.kill()
    child.communicate()
    with held(tmp_path):
        pass


def test_a_folder_whose_process_died_is_abandoned_and_an_untouched_one_is_not(
    tmp_path: Path,
) -> None:
    assert not is_abandoned(tmp_path)
    with held(tmp_path):
        assert not is_abandoned(tmp_path)
    assert is_abandoned(tmp_path)
