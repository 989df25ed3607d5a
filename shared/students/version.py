"""The exact, content-addressed version of a student folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

DESCRIPTION = "student.json"
CARD = "README.md"
HEX_DIGITS = 12


class StudentFolderError(ValueError):
    """The folder does not hold a student; the message says what is missing and the cure."""


def student_version(folder: Path) -> str:
    """`<engine>-<12 hex>`: the engine named in student.json, and a sha256 over the path and
    content of every file but the model card (README.md), which may be reworded at will.

    Raises StudentFolderError: no folder, no student.json, or one that names no engine.
    """
    engine = _engine(folder)
    digest = hashlib.sha256()
    files = (file for file in folder.rglob("*") if file.is_file())
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in files):
        if name != CARD:
            with file.open("rb") as content:
                digest.update(name.encode() + b"\0")
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return f"{engine}-{digest.hexdigest()[:HEX_DIGITS]}"


def _engine(folder: Path) -> str:
    description = folder / DESCRIPTION
    if not description.is_file():
        raise StudentFolderError(
            f"{folder} holds no {DESCRIPTION}, so it is no student; "
            "train one with `chartsift train encoder` or set CHARTSIFT_STUDENT_DIR"
        )
    try:
        content = json.loads(description.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StudentFolderError(f"{description} is not JSON: {error}") from None
    engine = content.get("engine") if isinstance(content, dict) else None
    if not isinstance(engine, str) or not engine:
        raise StudentFolderError(f'{description} names no engine; it needs "engine": "encoder"')
    return engine
