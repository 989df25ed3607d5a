"""What a note may not bring into a prompt: the control tokens of the model's chat format, and
letters that cannot be encoded. Pure.

A chat template is text, and whoever turns it into tokens takes `<|im_end|>` in a note for the end
of the note's message. A space inside keeps it from that. Quotes are looked up in the real text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_LONE = re.compile("[\ud800-\udfff]")


def disarming(control: Iterable[str]) -> Callable[[str], str]:
    """A function that makes a text harmless for a model with these control tokens. Those with
    spaces in them, and single letters, are no control tokens of a chat format."""
    named = {token for token in control if len(token) > 1 and not re.search(r"\s", token)}
    tokens = sorted(named, key=len, reverse=True)
    if not tokens:
        return lambda text: _LONE.sub("\ufffd", text)
    found = re.compile("|".join(map(re.escape, tokens)))

    def harmless(text: str) -> str:
        text = _LONE.sub("\ufffd", text)
        while found.search(text):  # one that is broken up can leave another
            text = found.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
        return text

    return harmless
