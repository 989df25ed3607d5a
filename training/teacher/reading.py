"""From the text of a reply to its items. Reads whatever can be read and counts the rest."""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum

from training.dataset.records import ItemType
from training.teacher.records import RawItem, Reply
from training.teacher.tolerant import Json, find_objects, nested


class Dropped(StrEnum):
    """Why something in a reply is no item."""

    UNREADABLE = "reply without an item"
    BROKEN = "item is not JSON or cut off"
    NO_QUESTION = "item without question"
    NO_ANSWER = "item without answer"


_ITEM_START = re.compile(r'\{\s*"question"', re.IGNORECASE)
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)
_NAMES = {
    "question": ("question",),
    "answer": ("answer",),
    "unit": ("unit", "units"),
    "section": ("section",),
    "quote": ("quote", "source", "evidence"),
    "difficulty": ("difficulty",),
    "explanation": ("explanation", "reasoning"),
}
_SPELLINGS = {
    **dict.fromkeys(("yes", "true", "y"), "Yes"),
    **dict.fromkeys(("no", "false", "n"), "No"),
    **dict.fromkeys(
        ("na", "n/a", "n.a", "unknown", "not answerable", "not available", "null", "none"), "NA"
    ),
}
_WITH_UNIT = re.compile(
    r"(?P<number>-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(?P<unit>(?![eE][-+]?\d)[%A-Za-zµ°]\S*)?"
)


def read_items(reply: Reply) -> tuple[list[RawItem], Counter[str]]:
    """The items, and how many things were dropped by reason (`Dropped`)."""
    return items_of(reply.text, reply.kind)


def items_of(text: str, kind: ItemType) -> tuple[list[RawItem], Counter[str]]:
    found = find_objects(_THOUGHTS.sub(" ", text), _ITEM_START)
    dropped: Counter[str] = Counter()
    if found.broken:
        dropped[Dropped.BROKEN] = found.broken
    items = []
    for candidate in (inner for outer in found.objects for inner in nested(outer)):
        fields = {key.strip().casefold(): value for key, value in candidate.items()}
        if any(isinstance(value, dict | list) for value in fields.values()):
            if "question" not in fields:
                continue  # the frame around items
            fields = {k: v for k, v in fields.items() if not isinstance(v, dict | list)}
        item = _item(fields, kind)
        if isinstance(item, Dropped):
            dropped[item] += 1
        else:
            items.append(item)
    if not items and not dropped:
        dropped[Dropped.UNREADABLE] = 1
    return items, dropped


def _item(fields: dict[str, Json], kind: ItemType) -> RawItem | Dropped:
    read = {name: _first(fields, keys) for name, keys in _NAMES.items()}
    question, answer, unit = (_text(read[name]) for name in ("question", "answer", "unit"))
    if not question:
        return Dropped.NO_QUESTION
    if kind in (ItemType.NA_BOOLEAN, ItemType.NA_NUMERIC) and not answer:
        answer = "NA"
    if not answer:
        return Dropped.NO_ANSWER
    answer = _SPELLINGS.get(answer.rstrip(".").casefold(), answer)
    if kind is ItemType.NUMERIC and (number := _WITH_UNIT.fullmatch(answer)):
        answer, unit = number["number"].replace(",", ""), unit or number["unit"]
    return RawItem(
        question=question,
        type=kind,
        answer=answer,
        unit=None if unit in (None, "", "null", "None") else unit,
        section=_text(read["section"]),
        quote=_verbatim(read["quote"]),
        difficulty=_difficulty(read["difficulty"]),
        explanation=_text(read["explanation"]),
    )


def _first(fields: dict[str, Json], keys: tuple[str, ...]) -> Json:
    return next((fields[key] for key in keys if fields.get(key) is not None), None)


def _text(value: Json) -> str | None:
    match value:
        case bool():
            return "Yes" if value else "No"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case str() | int() | float():
            return str(value).strip() or None
    return None


def _verbatim(value: Json) -> str:
    """Spaces inside are the note's own. A quote that says NA is none."""
    quote = value.strip() if isinstance(value, str) else ""
    return "" if quote.casefold() in ("na", "n/a", "null", "none") else quote


def _difficulty(value: Json) -> int | None:
    if (written := _text(value)) and (number := re.match(r"\d{1,2}(?!\d)", written)):
        return int(number[0]) if 1 <= int(number[0]) <= 10 else None
    return None
