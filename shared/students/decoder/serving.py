"""Whether a vLLM server serves a student, and the commands that make it do so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.students.decoder.description import ADAPTER, has_adapter
from shared.students.decoder.server import Served, VllmRefusedError, VllmServer
from shared.students.errors import StudentUnavailable

_RANKS = (8, 16, 32, 64, 128, 256)
_CONTEXT = 4096  # where neither server nor settings name one


class ModelNotServedError(ValueError):
    """The server does not serve the student; the message has the commands that cure it."""


@dataclass(frozen=True)
class Placed:
    """A student as a server is to serve it.

    model: the name there. folder: the student's. base: the base model as `vllm serve` takes it.
    """

    model: str
    folder: Path
    base: str

    @property
    def serve(self) -> str:
        """The command that starts a server with it."""
        if not has_adapter(self.folder):
            return f"vllm serve {self.base} --served-model-name {self.model}"
        rank = json.loads((self.folder / ADAPTER).read_text(encoding="utf-8")).get("r", 8)
        most = next((size for size in _RANKS if size >= rank), rank)
        return (
            f"vllm serve {self.base} --enable-lora --max-lora-rank {most} "
            f"--lora-modules {self.model}={self.folder.resolve()}"
        )

    def cure(self, url: str, fault: str) -> str:
        """fault: such as "does not list"."""
        start = f"{url} {fault} {self.model}. Start it with: {self.serve}"
        if not has_adapter(self.folder):
            return start
        body = json.dumps({"lora_name": self.model, "lora_path": str(self.folder.resolve())})
        return (
            f"{start}; or, where it runs with --enable-lora and "
            f"VLLM_ALLOW_RUNTIME_LORA_UPDATING=1: curl -X POST {url}/v1/load_lora_adapter "
            f"-H 'Content-Type: application/json' -d '{body}'"
        )


def check_served(server: VllmServer, student: Placed) -> Mapping[str, Served]:
    """What the server lists, the student among it. Raises ModelNotServedError."""
    try:
        listed = {model.name: model for model in server.models()}
    except (StudentUnavailable, VllmRefusedError) as error:
        raise ModelNotServedError(f"{error}. Start one with: {student.serve}") from None
    if student.model not in listed:
        there = ", ".join(sorted(listed)) or "nothing"
        raise ModelNotServedError(student.cure(server.url, f"serves {there}, and does not list"))
    return listed


def context_of(listed: Mapping[str, Served], model: str, limit: int | None) -> int:
    """Tokens of prompt and reply: what the server tells of the adapter, else of its base, and no
    more than the limit."""
    served = listed[model]
    base = listed.get(served.parent) if served.parent else None
    told = served.context or (base.context if base else None)
    return min(one for one in (told or limit or _CONTEXT, limit) if one)
