"""What may stand as the answer of a reply, told letter by letter. Pure.

Texts here begin after the opening quotation mark; the value ends at the next one.
"""

from __future__ import annotations

import re

from shared.criteria.question import AnswerType

WORDS = ("Yes", "No", "NA")
NUMBER = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,4})?")
_BEGUN = re.compile(r"-?([0-9]{1,7}(\.[0-9]{0,4})?)?")
_END = '"'


def begun(type: AnswerType, text: str) -> bool:
    """Whether a reply's value may begin with `text`, or end within it."""
    value, ended, _ = text.partition(_END)
    if ended:
        return whole(type, value)
    if type is AnswerType.BOOLEAN:
        return any(word.startswith(value) for word in WORDS)
    return "NA".startswith(value) or _BEGUN.fullmatch(value) is not None


def whole(type: AnswerType, value: str) -> bool:
    """Whether `value` is one: as the reply's JSON Schema has it."""
    if type is AnswerType.BOOLEAN:
        return value in WORDS
    return value == "NA" or NUMBER.fullmatch(value) is not None


def meaning(type: AnswerType, text: str) -> str:
    """Beginnings that can only become the same value mean the same: "Y" and "Yes", "NA" and
    'NA",'. A number is not settled before it has ended."""
    value, ended, _ = text.partition(_END)
    if ended:
        return value + _END
    words = WORDS if type is AnswerType.BOOLEAN else ("NA",)
    fitting = [word for word in words if value and word.startswith(value)]
    return fitting[0] + _END if len(fitting) == 1 else value
