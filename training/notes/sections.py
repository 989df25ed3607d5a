"""The headed sections of a clinical note: lines that begin with `NAME:`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from training.notes.section_names import KNOWN, folded, section_of

_LINE = re.compile(r"^[ \t]*([^\W\d_][^\n:]{0,79}?)[ \t]*:([^\n]*)", re.MULTILINE)
_MOST_WORDS = 8
_SMALL_WORDS = 3  # letters; "of", "and", "the" may be small in a heading


@dataclass(frozen=True)
class Section:
    """start, end: code points; the heading included. name: the heading as it is written, None
    for what stands before the first one. known: a name that clinical notes use, or that was
    asked for; else it may be a heading within a section, such as `HEENT`."""

    name: str | None
    start: int
    end: int
    known: bool


def split_sections(text: str, also: Iterable[str] = ()) -> tuple[Section, ...]:
    """Sections that together are the whole text, in its order.

    A line opens one if it begins with a name that is known (section_names.py, or `also`) and a
    colon; if it is nothing but such a heading in Title Case or capitals; or if it begins with
    capitals, a colon and a space.
    """
    wanted = {section_of(name) for name in also}
    headings: list[tuple[int, str, bool]] = []
    for found in _LINE.finditer(text):
        name, rest = found[1], found[2]
        known = folded(name) in KNOWN or section_of(name) in wanted
        if known or _is_heading(name, rest):
            headings.append((found.start(), name, known))
    ends = [start for start, _, _ in headings[1:]] + [len(text)]
    sections = [
        Section(name, start, end, known)
        for (start, name, known), end in zip(headings, ends, strict=False)
    ]
    first = headings[0][0] if headings else len(text)
    return (*((Section(None, 0, first, False),) if first else ()), *sections)


def keep_sections(text: str, names: Iterable[str]) -> str:
    """The sections of these names (and what else they are called), verbatim and in their order;
    empty if there are none.

    A section with a known name goes on over headings that are not known, which stand within it;
    one with a name of your own ends at the next heading of any kind.
    """
    names = tuple(names)
    wanted = {section_of(name) for name in names}
    kept: list[str] = []
    keeping = ends_at_any = False
    for section in split_sections(text, also=names):
        if section.name is not None and section_of(section.name) in wanted:
            keeping, ends_at_any = True, folded(section.name) not in KNOWN
        elif section.known or ends_at_any:
            keeping = False
        if keeping:
            kept.append(text[section.start : section.end])
    return "".join(kept)


def _is_heading(name: str, rest: str) -> bool:
    words = re.findall(r"[^\W\d_]+", name)
    if len(words) > _MOST_WORDS:
        return False
    if rest.strip():
        return name.isupper() and len(name) > 1 and rest[0].isspace()
    return all(word[0].isupper() or len(word) <= _SMALL_WORDS for word in words)
