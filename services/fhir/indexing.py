"""Index rows of a resource: what its search parameters find it by.

Values are stored most telling part first, joined by SEPARATOR, so that every form of search is
an equality or a prefix:

    token      code SEP system          (identifier: value SEP system); SEP system for `system|`
    reference  id SEP Kind              and id SEP Kind SEP version; anything else as it stands
    string     normal form SEP original
    uri        as it stands
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from services.fhir.searchparams import PARAMETERS, Param, ParamType
from shared.fhir.dates import Span, date_span

SEPARATOR = "\x1f"
FOREVER = Span(-(2**62), 2**62)
_LITERAL = re.compile(r"^([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]+))?$")
_LONGEST_STRING = 200

Resource = dict[str, Any]


def index_rows(
    kind: str, resource: Resource, base: str
) -> tuple[set[tuple[str, str]], set[tuple[str, int, int]]]:
    """(param, value) and (param, low, high) of a valid resource. base: URL of this server, so
    that absolute references to itself are found as relative ones."""
    values: set[tuple[str, str]] = set()
    dates: set[tuple[str, int, int]] = set()
    for param in PARAMETERS[kind].values():
        key = f"{kind}.{param.name}"
        for path in param.paths:
            for element in _at(resource, path):
                if param.type is ParamType.DATE:
                    dates.update((key, *span) for span in _spans(element))
                else:
                    values.update((key, value) for value in _values(param, element, base))
    return values, dates


def reference_values(literal: str, base: str) -> Iterator[str]:
    """The index values of a literal reference."""
    relative = literal.removeprefix(f"{base}/") if base else literal
    match = _LITERAL.match(relative)
    if match is None:
        yield literal
        return
    kind, id_, version = match.groups()
    yield f"{id_}{SEPARATOR}{kind}"
    if version:
        yield f"{id_}{SEPARATOR}{kind}{SEPARATOR}{version}"


def normal(text: str) -> str:
    """Lower case, without accents and surplus white space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def _at(element: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(element, list):
        for item in element:
            yield from _at(item, path)
    elif not path:
        if element is not None:
            yield element
    elif isinstance(element, dict) and path[0] in element:
        yield from _at(element[path[0]], path[1:])


def _values(param: Param, element: Any, base: str) -> Iterator[str]:
    match param.type:
        case ParamType.TOKEN:
            yield from _tokens(element)
        case ParamType.REFERENCE:
            literal = element.get("reference") if isinstance(element, dict) else element
            for value in reference_values(literal, base) if isinstance(literal, str) else ():
                if not param.target or f"{SEPARATOR}{param.target}" in value:
                    yield value
        case ParamType.STRING:
            text = str(element)[:_LONGEST_STRING]
            yield f"{normal(text)}{SEPARATOR}{text}"
        case _:
            yield str(element)


def _tokens(element: Any) -> Iterator[str]:
    if isinstance(element, bool):
        yield f"{str(element).lower()}{SEPARATOR}"
    elif isinstance(element, str):
        yield f"{element}{SEPARATOR}"
    elif isinstance(element, dict):
        codings = element.get("coding")
        if codings is not None:
            for coding in codings:
                yield from _tokens(coding)
            return
        code = element.get("code", element.get("value"))
        system = element.get("system", "")
        if isinstance(code, str):
            yield f"{code}{SEPARATOR}{system}"
            if system:
                yield f"{SEPARATOR}{system}"


def _spans(element: Any) -> Iterator[Span]:
    if isinstance(element, str):
        yield date_span(element)
    elif isinstance(element, dict):
        start, end = element.get("start"), element.get("end")
        if start or end:
            low = date_span(start).low if start else FOREVER.low
            yield Span(low, date_span(end).high if end else FOREVER.high)
