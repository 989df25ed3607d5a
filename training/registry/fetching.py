"""Puts a fetched student into place: whole, or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from shared.students.version import StudentFolderError, student_version
from training.registry.errors import DamagedStudent

PART = ".part-"
ABANDONED = 24 * 3600.0  # seconds after which the remains of a fetch that was killed are removed


def place(version: str, into: Path, download: Callable[[Path], None]) -> Path:
    """`into/<version>`, filled by `download` in a folder of its own and then moved there. What
    lies there already stays if it is that student, and is replaced if it is not.

    Raises DamagedStudent: what was downloaded is another student. OSError.
    """
    folder = into / version
    if _is(folder, version):
        return folder
    into.mkdir(parents=True, exist_ok=True)
    _sweep(into)
    part = Path(mkdtemp(prefix=PART, dir=into))
    try:
        fetched, replaced = part / version, part / "replaced"
        fetched.mkdir()
        download(fetched)
        if not _is(fetched, version):
            raise DamagedStudent(version, "student.json", "is not that of this version")
        if folder.exists() and not _is(folder, version):
            folder.rename(replaced)
        try:
            fetched.rename(folder)
        except OSError:  # another process was quicker
            if not _is(folder, version):
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _is(folder: Path, version: str) -> bool:
    try:
        return student_version(folder) == version
    except (StudentFolderError, OSError):
        return False


def _sweep(into: Path) -> None:
    for part in into.glob(f"{PART}*"):
        try:
            if time.time() - part.stat().st_mtime > ABANDONED:
                shutil.rmtree(part, ignore_errors=True)
        except FileNotFoundError:
            continue
