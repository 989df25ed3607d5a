"""Which checkpoints are whole. A folder counts only once a mark was written into it after all
else, so that a kill or a full disk in the middle of one leaves the one before it in use."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

MARK = "whole.json"
IDENTITY = "identity.json"


class CheckpointError(RuntimeError):
    """A checkpoint could not be written, or belongs to another training; the cure is named."""


class Progress(BaseModel):
    """What had been spent when the checkpoint was written, over all runs so far. peak_bytes: the
    most memory of any of them."""

    model_config = ConfigDict(frozen=True)

    step: int
    seconds: float = 0.0
    peak_bytes: int = 0


def mark_whole(folder: Path, progress: Progress) -> None:
    scratch = folder / f"{MARK}.partial"
    with scratch.open("w", encoding="utf-8") as file:
        file.write(progress.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(folder / MARK)


def whole_ones(folder: Path) -> list[tuple[Path, Progress]]:
    """Oldest first."""
    found: list[tuple[Path, Progress]] = []
    for checkpoint in folder.glob("checkpoint-*"):
        try:
            progress = Progress.model_validate_json((checkpoint / MARK).read_bytes())
        except (OSError, ValidationError):
            continue
        found.append((checkpoint, progress))
    return sorted(found, key=lambda one: one[1].step)


def remove_broken(folder: Path) -> None:
    """What a kill or a full disk left behind."""
    kept = {checkpoint for checkpoint, _ in whole_ones(folder)}
    for checkpoint in set(folder.glob("checkpoint-*")) - kept:
        shutil.rmtree(checkpoint)


def claim(folder: Path, identity: dict[str, object]) -> None:
    """Says what the checkpoints in `folder` belong to.

    Raises CheckpointError: they belong to another recipe, other data or another base.
    """
    file = folder / IDENTITY
    text = json.dumps(identity, sort_keys=True, indent=2, default=str) + "\n"
    if whole_ones(folder) and file.is_file() and file.read_text(encoding="utf-8") != text:
        before = json.loads(file.read_text(encoding="utf-8"))
        wanted = json.loads(text)
        changed = sorted(k for k in {*before, *wanted} if before.get(k) != wanted.get(k))
        raise CheckpointError(
            f"{folder} holds checkpoints of another training (differs in: {', '.join(changed)}); "
            "name another work folder, or remove this one to start again"
        )
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
