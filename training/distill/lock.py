"""The lock on a folder that a process holds as long as it works there: the system drops it with
the process, whatever ends that, so it tells the living from the dead."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = "process.lock"
_PATIENCE = 5.0
"""Seconds; who looks whether it is held holds it for a moment."""


class FolderBusy(RuntimeError):
    """Another process works in the folder."""


@contextmanager
def held(folder: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Makes the folder if need be. Raises FolderBusy, OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        give_up = time.monotonic() + patience
        while not _locked(opened):
            if time.monotonic() > give_up:
                raise FolderBusy(
                    f"another process works in {folder}; wait for it, or name another folder"
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(opened)


def is_abandoned(folder: Path) -> bool:
    """Whether a process of this machine has worked there and none does now."""
    try:
        opened = os.open(folder / _NAME, os.O_RDWR)
    except OSError:
        return False  # nothing is known of it here
    try:
        return _locked(opened)
    finally:
        os.close(opened)


def _locked(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
