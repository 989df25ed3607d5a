"""What the teacher is told: the note first, so that a server computes it once for all kinds.

The wording stands in prompts/<kind>-<version>.txt and prompts/system-<version>.txt. A hash over
both and over the schema goes into the manifest: data is never mixed from two wordings.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from string import Template
from typing import TypedDict

from training.dataset.records import ItemType
from training.teacher.settings import ItemCounts

OPEN, CLOSE = "<note>\n", "\n</note>"
_FOLDER = Path(__file__).parent / "prompts"


class ChatMessage(TypedDict):
    role: str
    content: str


def messages(text: str, kind: ItemType, items: ItemCounts, version: str = "1") -> list[ChatMessage]:
    """The request for the items of one kind on one note. Raises ValueError: unknown version."""
    task = Template(_prompt(kind.value, version)).substitute(
        total=items.of(kind), yes=items.yes, no=items.no
    )
    return [
        {"role": "system", "content": _prompt("system", version)},
        {"role": "user", "content": f"{OPEN}{framed(text)}{CLOSE}\n\n{task}"},
    ]


def framed(text: str) -> str:
    """A note cannot end its own frame. Quotes are looked up in the real text afterwards."""
    return text.replace("</note>", "< /note>").replace("<note>", "< note>")


def reply_schema(kind: ItemType, items: ItemCounts) -> dict[str, object]:
    """JSON Schema of a reply with as many items as asked for at most.

    Texts are bounded by max_tokens alone: with a maxLength, xgrammar (0.2.8, in vLLM) lets no
    escape through, and a quote with a line break or a quotation mark could not be written.
    """
    answer: dict[str, object] = {"type": "string", "enum": ["NA"]}
    if kind is ItemType.BOOLEAN:
        answer = {"type": "string", "enum": ["Yes", "No"]}
    elif kind is ItemType.NUMERIC:
        answer = {"type": "string", "pattern": r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$"}
    unit: dict[str, object] = {"type": "null"}
    if kind in (ItemType.NUMERIC, ItemType.NA_NUMERIC):
        unit = {"type": "string", "maxLength": 30}
    answerable = kind in (ItemType.BOOLEAN, ItemType.NUMERIC)
    text: dict[str, object] = {"type": "string"}
    properties: dict[str, object] = {
        "question": text,
        "type": {"type": "string", "enum": [kind.value]},
        "answer": answer,
        "unit": unit,
        "section": {"type": ["string", "null"]},
        "quote": text if answerable else {"type": "string", "enum": [""]},
        "difficulty": {"type": "integer", "enum": list(range(1, 11))},
        "explanation": text,
    }
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    listed = {"type": "array", "items": item, "maxItems": items.of(kind)}
    return {
        "type": "object",
        "properties": {"items": listed},
        "required": ["items"],
        "additionalProperties": False,
    }


def prompt_hash(kind: ItemType, version: str = "1") -> str:
    """sha256 (hex) of everything of a request that is neither the note nor a setting."""
    parts = [_prompt("system", version), _prompt(kind.value, version)]
    parts.append(json.dumps(reply_schema(kind, ItemCounts()), sort_keys=True))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _prompt(name: str, version: str) -> str:
    file = _FOLDER / f"{name}-{version}.txt"
    if not file.is_file():
        known = sorted(f.stem.removeprefix("system-") for f in _FOLDER.glob("system-*.txt"))
        raise ValueError(
            f"teacher: no prompts of version {version!r}; there are: {', '.join(known)}"
        )
    return file.read_text(encoding="utf-8").strip()
