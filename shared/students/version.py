"""The exact, content-addressed version of a student folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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
    return version_of(engine_named_in(folder), file_digests(folder))


def file_digests(folder: Path) -> dict[str, str]:
    """sha256 in hex of every file, by its path in the folder with `/`."""
    digests = {}
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256")
            digests[file.relative_to(folder).as_posix()] = digest.hexdigest()
    return digests


def version_of(engine: str, digests: Mapping[str, str]) -> str:
    """The version of a student with these files (as `file_digests` gives them)."""
    whole = hashlib.sha256()
    for name, digest in sorted(digests.items()):
        if name != CARD:
            whole.update(name.encode() + b"\0")
            whole.update(bytes.fromhex(digest))
    return f"{engine}-{whole.hexdigest()[:HEX_DIGITS]}"


def engine_named_in(folder: Path) -> str:
    """The engine in student.json. Raises StudentFolderError."""
    description = folder / DESCRIPTION
    if not description.is_file():
        raise StudentFolderError(
            f"{folder} holds no {DESCRIPTION}, so it is no student; "
            "train one with `chartsift train PRESET`, or set CHARTSIFT_STUDENT_DIR to another"
        )
    try:
        content = json.loads(description.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StudentFolderError(f"{description} is not JSON: {error}") from None
    engine = content.get("engine") if isinstance(content, dict) else None
    if not isinstance(engine, str) or not engine:
        raise StudentFolderError(f'{description} names no engine, such as "engine": "encoder"')
    return engine
