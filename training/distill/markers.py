"""What of a run is done: one small file for each step, bound to what went into it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

Inputs = dict[str, JsonValue]


class Marker(BaseModel):
    """inputs: sha256 of what the step went by. result: what the next steps need to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: str
    finished: datetime
    result: dict[str, JsonValue]


class Markers:
    def __init__(self, folder: Path) -> None:
        self._folder = folder / "steps"

    def done(self, step: str, inputs: Inputs) -> Marker | None:
        """The step's marker, if it was done for these very inputs."""
        marker = self.read(step)
        return marker if marker is not None and marker.inputs == _digest(inputs) else None

    def read(self, step: str) -> Marker | None:
        file = self._folder / f"{step}.json"
        if not file.is_file():
            return None
        return Marker.model_validate_json(file.read_text(encoding="utf-8"))

    def write(self, step: str, inputs: Inputs, result: dict[str, JsonValue]) -> Marker:
        """Beside and then into place, so that a kill leaves no half of it."""
        marker = Marker(inputs=_digest(inputs), finished=datetime.now(UTC), result=result)
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = self._folder / f"{step}.partial"
        scratch.write_text(marker.model_dump_json(indent=2) + "\n", encoding="utf-8")
        scratch.replace(self._folder / f"{step}.json")
        return marker


def _digest(inputs: Inputs) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
