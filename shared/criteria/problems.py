"""What is wrong with a study, by line and field, and its YAML read so that lines are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from shared.criteria.consistency import Inconsistent


class Problem(NamedTuple):
    """line: 1-based, None where the study did not come as YAML."""

    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        at = f"line {self.line}, " if self.line else ""
        return f"{at}{self.field or 'study'}: {self.message}"


class StudyError(ValueError):
    """The study cannot be used."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"{source}:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = tuple(problems)


def read_yaml(text: str, source: str) -> tuple[dict[str, Any], yaml.Node | None]:
    """The data and its tree, which knows the lines. Raises StudyError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        problems = [] if root is None else list(_ambiguities(root, (), set()))
        raw = None if problems else yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        message = f"not valid YAML: {error.problem or error.context}"
        raise StudyError(source, [Problem(line, "", message)]) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        message = "not valid YAML: unreadable characters, values or nesting"
        raise StudyError(source, [Problem(None, "", message)]) from None
    if problems:
        raise StudyError(source, problems)
    if not isinstance(raw, dict):
        message = "empty, or not a mapping: it begins with `id:`, `title:`, `questions:`"
        raise StudyError(source, [Problem(1, "", message)])
    return raw, root


def problems_of(error: ValidationError, raw: Any, root: yaml.Node | None = None) -> list[Problem]:
    """raw: what was validated. root: its YAML tree, for line numbers."""
    details = error.errors()
    places = [detail["loc"] for detail in details]
    return [
        _problem(where, message, raw, root)
        for detail in details
        if not _follows_from_inner(detail, places)
        for where, message in _located(detail)
    ]


def _follows_from_inner(detail: Any, places: Sequence[tuple[str | int, ...]]) -> bool:
    """A list counts as too short without its faulty items: those are told by themselves."""
    where = detail["loc"]
    return detail["type"] == "too_short" and any(
        place[: len(where)] == where and len(place) > len(where) for place in places
    )


def _located(detail: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Inconsistent):
        yield from ((item.where, item.message) for item in cause.found)
    elif isinstance(cause, ValueError):
        yield detail["loc"], str(cause)
    elif detail["type"] == "missing":
        yield detail["loc"][:-1], f"{detail['loc'][-1]!r} is missing: add it"
    elif detail["type"] == "extra_forbidden":
        yield detail["loc"], "not known here: remove it or correct its spelling"
    else:
        yield detail["loc"], detail["msg"]


def _problem(where: Sequence[str | int], message: str, raw: Any, root: yaml.Node | None) -> Problem:
    """The field and line of the deepest part of `where` that was written. Names of alternatives,
    which pydantic puts into `where`, are written nowhere and passed over."""
    field, line = "", root.start_mark.line + 1 if root else None
    for at, step in enumerate(where):
        following = where[at + 1] if at + 1 < len(where) else None
        names_alternative = _has(raw, following) and not _has(_part(raw, step), following)
        if not _has(raw, step) or names_alternative:
            continue
        raw, root = _part(raw, step), _inner(root, step)
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else step
        line = root.start_mark.line + 1 if root else line
    return Problem(line, field, message)


def _has(raw: Any, step: str | int | None) -> bool:
    if isinstance(raw, Mapping):
        return step in raw
    return isinstance(raw, list) and isinstance(step, int) and step < len(raw)


def _part(raw: Any, step: str | int) -> Any:
    return raw[step] if _has(raw, step) else None


def _inner(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item: yaml.Node = node.value[step]
        return item
    return None


def _ambiguities(node: yaml.Node, where: tuple[str, ...], seen: set[int]) -> Iterator[Problem]:
    """Keys written twice (YAML would silently take the last) and aliases (which can blow up)."""
    line = node.start_mark.line + 1
    if id(node) in seen:
        yield Problem(line, ".".join(where), "anchors and aliases are not supported: write it out")
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _ambiguities(item, where, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in keys:
                at = key.start_mark.line + 1
                yield Problem(at, ".".join((*where, name)), "is there twice: remove one")
            keys.add(name)
            yield from _ambiguities(value, (*where, name), seen)
