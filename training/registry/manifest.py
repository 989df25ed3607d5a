"""`.complete`: written last into a stored student. Without it, what is there counts for nothing."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.students.version import CARD, DESCRIPTION, HEX_DIGITS, file_digests, version_of

COMPLETE = ".complete"
_VERSION = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._]*-[0-9a-f]{{{HEX_DIGITS}}}")


def _inside(name: str) -> str:
    """A name from a store must not lead out of the folder it is fetched into."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or name in {"", COMPLETE} or "\\" in name:
        raise ValueError(f"{name!r} is no name of a student's file")
    return name


class Manifest(BaseModel):
    """files: sha256 of each file, by its name in the student's folder. The model card (README.md)
    is stored beside them but not listed: it may be reworded and is no part of the version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    engine: str
    files: dict[Annotated[str, AfterValidator(_inside)], str]

    @property
    def version(self) -> str:
        return version_of(self.engine, self.files)


def manifest_of(folder: Path, engine: str) -> Manifest:
    """Raises ValueError: a file with a name that a registry cannot keep."""
    files = {name: digest for name, digest in file_digests(folder).items() if name != CARD}
    manifest = Manifest(engine=engine, files=files)
    if DESCRIPTION not in files or not is_version(manifest.version):
        raise ValueError(f"{folder}: {engine!r} is no name for an engine: letters, digits, . and _")
    return manifest


def is_version(text: str) -> bool:
    """Whether it looks like a version, and so is safe as the name of a folder."""
    return _VERSION.fullmatch(text) is not None
