"""A search as the client wrote it, understood: `Kind?name:modifier=value,value&...`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from services.fhir.outcome import fault
from services.fhir.searchparams import PARAMETERS, Param, ParamType
from shared.fhir.dates import Span, date_span

DEFAULT_COUNT: Final = 50
MOST_COUNT: Final = 1000
MOST_ALTERNATIVES: Final = 500  # SQLite nests expressions up to 1,000 deep
CURSOR: Final = "_cursor"
_MODIFIERS: Final = {
    ParamType.TOKEN: {"", "not", "missing"},
    ParamType.STRING: {"", "exact", "contains", "missing"},
    ParamType.REFERENCE: {"", "missing"},
    ParamType.DATE: {"", "missing"},
    ParamType.URI: {"", "missing"},
}
_PREFIXES: Final = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"})
_CONTROLS: Final = frozenset(
    {"_sort", "_count", "_include", "_revinclude", "_include:iterate", "_summary", "_total",
     "_format", "_pretty", CURSOR}
)  # fmt: skip


class DateTest(NamedTuple):
    prefix: str
    span: Span


@dataclass(frozen=True)
class Filter:
    """One name=value: any of the values. For _id and _lastUpdated param is None.
    modifier: a kind for references (`subject:Patient`)."""

    name: str
    modifier: str
    values: tuple[str, ...] = ()
    dates: tuple[DateTest, ...] = ()
    param: Param | None = None


class Order(NamedTuple):
    name: str
    descending: bool


class Include(NamedTuple):
    """source.param refers to target (empty: any); iterate: from included resources too."""

    source: str
    param: str
    target: str
    iterate: bool


@dataclass(frozen=True)
class Query:
    """ignored: names of parameters the server does not know. used: what self shows."""

    kind: str
    filters: tuple[Filter, ...]
    order: tuple[Order, ...]
    count: int
    includes: tuple[Include, ...]
    revincludes: tuple[Include, ...]
    count_only: bool
    total: str
    cursor: str | None
    used: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


def parse_pairs(query: str) -> list[tuple[str, str]]:
    """Decoded name=value pairs; a + that is a space before a time zone is put right later."""
    return parse_qsl(query, keep_blank_values=True)


def parse(kind: str, pairs: Sequence[tuple[str, str]], *, strict: bool) -> Query:
    """Raises Fault 400 for values that cannot be read, and for unknown names where strict."""
    if kind not in PARAMETERS:
        raise fault(404, "not-supported", f"resource type {_shown(kind)} is not served here")
    filters: list[Filter] = []
    used: list[tuple[str, str]] = []
    ignored: list[str] = []
    controls: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in _CONTROLS:
            controls.setdefault(name, []).append(value)
            if name not in (CURSOR, "_format", "_pretty"):
                used.append((name, value))
        elif value == "":
            continue  # an empty parameter says nothing (R4, search)
        elif (found := _filter(kind, name, value)) is not None:
            filters.append(found)
            used.append((name, value))
        elif strict:
            known = ", ".join(sorted(PARAMETERS[kind]))
            raise fault(400, "not-supported", f"search parameter {_shown(name)} is not known for "
                        f"{kind}; known: _id, _lastUpdated, {known}")  # fmt: skip
        else:
            ignored.append(_shown(name))
    count, summary = _count(controls), _last(controls, "_summary", "false")
    if summary not in ("count", "false"):
        ignored.append("_summary")
        used = [pair for pair in used if pair[0] != "_summary"]
    includes = controls.get("_include", []), controls.get("_include:iterate", [])
    return Query(
        kind=kind,
        filters=tuple(filters),
        order=tuple(_orders(kind, controls)),
        count=count,
        includes=tuple(
            _include(kind, value, iterate)
            for iterate, values in enumerate(includes)
            for value in values
        ),
        revincludes=tuple(_include("", v, False) for v in controls.get("_revinclude", [])),
        count_only=summary == "count" or count == 0,
        total=_last(controls, "_total", ""),
        cursor=_last(controls, CURSOR, "") or None,
        used=tuple(used),
        ignored=tuple(ignored),
    )


def _filter(kind: str, full_name: str, value: str) -> Filter | None:
    """None for a name or modifier that the server does not know."""
    name, _, modifier = full_name.partition(":")
    if name in ("_id", "_lastUpdated") and not modifier:
        dates = _date_tests(name, value) if name == "_lastUpdated" else ()
        return Filter(name, "", tuple(_alternatives(value)), dates)
    param = PARAMETERS[kind].get(name)
    if param is None:
        return None
    if modifier == "missing":
        if value not in ("true", "false"):
            raise fault(400, "value", f"{name}:missing is true or false")
        return Filter(name, modifier, (value,), param=param)
    is_kind = param.type is ParamType.REFERENCE and modifier in PARAMETERS
    if not is_kind and modifier not in _MODIFIERS[param.type]:
        return None
    dates = _date_tests(name, value) if param.type is ParamType.DATE else ()
    return Filter(name, modifier, tuple(_alternatives(value)), dates, param)


def unescaped(value: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", value)


def token_parts(value: str) -> list[str]:
    """`system|code` at the first | that is not escaped."""
    return [unescaped(part) for part in re.split(r"(?<!\\)\|", value, maxsplit=1)]


def _alternatives(value: str) -> list[str]:
    parts = [part for part in re.split(r"(?<!\\),", value) if part]
    if len(parts) > MOST_ALTERNATIVES:
        message = f"more than {MOST_ALTERNATIVES} values of one parameter; ask in several searches"
        raise fault(400, "too-costly", message)
    return parts


def _date_tests(name: str, value: str) -> tuple[DateTest, ...]:
    return tuple(_date_test(name, part) for part in _alternatives(value))


def _date_test(name: str, value: str) -> DateTest:
    prefix = value[:2] if value[:2].isalpha() else "eq"
    text = value[2:] if value[:2].isalpha() else value
    # An unescaped + of a time zone reaches us as a space.
    text = re.sub(r" (?=\d\d:\d\d$)", "+", text)
    if prefix not in _PREFIXES:
        raise fault(400, "value", f"{name}: unknown prefix; known: {', '.join(sorted(_PREFIXES))}")
    try:
        return DateTest(prefix, date_span(text))
    except ValueError as error:
        raise fault(400, "value", f"{name}: {error}") from None


def _count(controls: dict[str, list[str]]) -> int:
    text = _last(controls, "_count", str(DEFAULT_COUNT))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise fault(400, "value", "_count is a number of matches per page, 0 for the total alone")
    return min(int(text), MOST_COUNT)


def _orders(kind: str, controls: dict[str, list[str]]) -> Iterable[Order]:
    for name in _last(controls, "_sort", "").split(","):
        bare = name.removeprefix("-")
        if not bare:
            continue
        param = PARAMETERS[kind].get(bare)
        sortable = param is not None and param.type in (ParamType.DATE, ParamType.STRING)
        if bare not in ("_id", "_lastUpdated") and not sortable:
            raise fault(400, "not-supported", f"_sort={_shown(bare)}: {kind} is sorted by _id, "
                        "_lastUpdated and its date and string parameters")  # fmt: skip
        yield Order(bare, name.startswith("-"))


def _include(kind: str, value: str, iterate: bool | int) -> Include:
    source, _, rest = value.partition(":")
    name, _, target = rest.partition(":")
    param = PARAMETERS.get(source, {}).get(name)
    misplaced = bool(kind) and source != kind and not iterate
    if param is None or param.type is not ParamType.REFERENCE or misplaced:
        raise fault(400, "not-supported", f"_include and _revinclude take Kind:parameter with a "
                    f"reference parameter, not {_shown(value)}")  # fmt: skip
    return Include(source, name, target, bool(iterate))


def _last(controls: dict[str, list[str]], name: str, default: str) -> str:
    return controls.get(name, [default])[-1]


def _shown(name: str) -> str:
    """A name sent by a client, if it can be repeated in an error message."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}", name) else "(unreadable)"
