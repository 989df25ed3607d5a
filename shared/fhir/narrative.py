"""The XHTML of a Narrative: basic HTML without anything active (txt-1), with content (txt-2)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BASIC = frozenset(
    {
        "div", "a", "abbr", "acronym", "b", "big", "blockquote", "br", "caption", "cite", "code",
        "col", "colgroup", "dd", "dfn", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
        "i", "img", "li", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup",
        "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var",
    }
)  # fmt: skip


def is_basic(div: str) -> bool:
    """One div of basic HTML, without scripts, event handlers or script URLs."""
    text = div.strip()
    framed = bool(re.match(r"<div[\s>]", text)) and text.endswith("</div>")
    return framed and _read(text).basic


def has_content(div: str) -> bool:
    """Some text that is not white space, or an image."""
    return _read(div).content


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.basic = True
        self.content = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        active = any(
            name.startswith("on") or (value or "").strip().lower().startswith("javascript:")
            for name, value in attrs
        )
        self.basic = self.basic and tag in _BASIC and not active
        self.content = self.content or tag == "img"

    def handle_data(self, data: str) -> None:
        self.content = self.content or bool(data.strip())


def _read(div: str) -> _Reader:
    reader = _Reader()
    reader.feed(div)
    reader.close()
    return reader
