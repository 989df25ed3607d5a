"""A folder that is written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(out: Path, mark: str) -> Iterator[Path]:
    """Gives an empty folder beside `out`, which takes the place of `out` once the block is done.

    mark: a file that tells a folder of this kind; an `out` without it is somebody else's.
    If the block raises or the process dies, `out` stays as it was. Should it die between the two
    moves that replace a folder, the next call puts the old one back; it also removes whatever
    else a dead process left behind.
    Raises FileExistsError: `out` is there, is not empty and has no `mark`.
    """
    out = Path(os.path.abspath(out))  # noqa: PTH100 (resolve would replace a link by its target)
    out.parent.mkdir(parents=True, exist_ok=True)
    previous = out.parent / f".{out.name}.previous"
    _recover(out, previous)
    if out.exists() and not (out / mark).is_file() and _holds_something(out):
        raise FileExistsError(f"{out} holds something else (no {mark}); name another folder")
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.unfinished-", dir=out.parent))
    lock = os.open(scratch, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if out.exists():  # else for its owner alone: it may hold patient text
            scratch.chmod(stat.S_IMODE(out.stat().st_mode))
        yield scratch
        _to_disk(scratch)
        _exchange(scratch, out, previous)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _holds_something(path: Path) -> bool:
    return not path.is_dir() or any(path.iterdir())


def _exchange(scratch: Path, out: Path, previous: Path) -> None:
    """No call moves one folder over another that is not empty, so `out` steps aside first."""
    if not out.exists():
        scratch.rename(out)
    else:
        out.rename(previous)
        try:
            scratch.rename(out)
        except BaseException:
            previous.rename(out)
            raise
        shutil.rmtree(previous, ignore_errors=True)
    _sync(out.parent)


def _recover(out: Path, previous: Path) -> None:
    """Puts right what a process that died left behind; one still at work holds its lock."""
    if previous.exists():
        if out.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(out)
    for left in out.parent.glob(f".{out.name}.unfinished-*"):
        lock = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(left)
        finally:
            os.close(lock)


def _to_disk(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
