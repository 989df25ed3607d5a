"""Finds JSON objects in what a language model wrote: in code fences, between sentences, with
trailing commas, raw line breaks or unescaped quotes in strings, and in a list that was cut off."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_DEEPEST = 8
_SPACE = re.compile(r"\s*")
# Up to the first quote that something follows which may follow a string: so quotes inside a
# string that a model forgot to escape do not end it.
_STRING = re.compile(r'"((?:[^\\]|\\.)*?)"(?=\s*(?:[,:}\]]|$))', re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_WORD = re.compile(r"[A-Za-z]+")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None, "none": None}
# An escape of JSON, or a backslash or quote that should have been escaped.
_ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\|"')


@dataclass(frozen=True)
class Found:
    """objects: outermost that could be read, in order. broken: starts of an item that could not,
    the one that the end of the text cut off included."""

    objects: list[dict[str, Json]]
    broken: int


class _BrokenError(Exception):
    pass


def find_objects(text: str, item_start: re.Pattern[str]) -> Found:
    """Never raises. item_start: what an item looks like at its brace, to count broken ones."""
    objects: list[dict[str, Json]] = []
    broken = 0
    at = text.find("{")
    while at >= 0:
        try:
            value, end = _object(text, at, 0)
            objects.append(value)
        except _BrokenError:
            # What stands inside is tried by itself: a cut off list keeps its complete items.
            broken += item_start.match(text, at) is not None
            end = at + 1
        at = text.find("{", end)
    return Found(objects, broken)


def nested(value: Json) -> Iterator[dict[str, Json]]:
    """Every object in a value, itself included, outer ones first."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from nested(inner)


def _value(text: str, at: int, depth: int) -> tuple[Json, int]:
    if depth > _DEEPEST:
        raise _BrokenError
    match text[at : at + 1]:
        case "{":
            return _object(text, at, depth)
        case "[":
            return _list(text, at, depth)
        case '"':
            return _string(text, at)
    if number := _NUMBER.match(text, at):
        written = number[0]
        whole = written.lstrip("-").isdigit()
        return (int(written) if whole and len(written) < 100 else float(written)), number.end()
    word = _WORD.match(text, at)
    if word and word[0].casefold() in _WORDS:
        return _WORDS[word[0].casefold()], word.end()
    raise _BrokenError


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Json], int]:
    read: dict[str, Json] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            raise _BrokenError
        key, at = _string(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise _BrokenError
        read[key], at = _value(text, _skip(text, at + 1), depth + 1)
        at = _separator(text, at, "}")
    return read, at + 1


def _list(text: str, at: int, depth: int) -> tuple[list[Json], int]:
    read: list[Json] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        value, at = _value(text, at, depth + 1)
        read.append(value)
        at = _separator(text, at, "]")
    return read, at + 1


def _separator(text: str, at: int, end: str) -> int:
    """Behind a comma, or at `end`; a comma may stand before `end` too."""
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != end:
        raise _BrokenError
    return at


def _string(text: str, at: int) -> tuple[str, int]:
    found = _STRING.match(text, at)
    if found is None:
        raise _BrokenError
    inner = _ESCAPE.sub(lambda m: m[0] if len(m[0]) > 1 else f"\\{m[0]}", found[1])
    return sound(json.loads(f'"{inner}"', strict=False)), found.end()


def sound(text: str) -> str:
    """Halves of surrogate pairs, which no file can hold, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at
