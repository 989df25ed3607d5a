"""Makes an example fit into the sequence length: a long note is cut to a window around the quote.
The reply is never cut."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, cast

from shared.criteria.question import Question
from shared.students.decoder.control import disarming
from shared.students.decoder.prompt import ChatMessage, messages
from shared.students.decoder.vocabulary import Vocabulary
from shared.students.interface import Verdict
from training.finetune.decoder.examples import Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LEAST_WINDOW = 64
"""Tokens of a note that are worth reading; an example with less room is dropped."""
MARGIN = 16
"""Tokens: how much the parts of a text can differ in length from the whole."""


class Fitter:
    """Not thread-safe: keeps the token offsets of the last note, for its examples come together.

    max_length: tokens of prompt and reply. seed: of where in the window the quote stands.
    Raises StudentFolderError: a tokenizer without chat template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int, seed: int) -> None:
        self._tokenizer = tokenizer
        self._harmless = disarming(Vocabulary(tokenizer).control)
        self._max_length = max_length
        self._seed = seed
        self._last: tuple[str, list[tuple[int, int]]] = ("", [])

    def fit(self, example: Example) -> tuple[str, bool] | None:
        """The text to show, and whether it was cut; None where the question does not fit with
        the quote and a little of the note around it, or the place of the answer is not known."""
        offsets = self._offsets(example.text)
        room = self._max_length - self._length(example, "")
        if len(offsets) + MARGIN <= room or self._length(example, example.text) <= self._max_length:
            return example.text, False
        if not example.quote and example.answer != Verdict.NA:
            return None
        rng = random.Random(f"{self._seed}-{example.note_id}-{example.question.id}")
        place = rng.random()
        for margin in (MARGIN, 4 * MARGIN):
            window = cut(example.text, offsets, example.quote, room - margin, place)
            if window is not None and self._length(example, window) <= self._max_length:
                return window, True
        return None

    def prompt(self, text: str, question: Question) -> list[ChatMessage]:
        """As the services show it: control tokens in a note are broken up."""
        return messages(self._harmless(text), question)

    def _offsets(self, text: str) -> list[tuple[int, int]]:
        if self._last[0] != text:
            read = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            self._last = text, list(cast(Any, read)["offset_mapping"])
        return self._last[1]

    def _length(self, example: Example, text: str) -> int:
        chat: Any = self.prompt(text, example.question)
        chat.append({"role": "assistant", "content": example.reply})
        read = self._tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True)
        return len(cast(Any, read)["input_ids"])


def cut(
    text: str, offsets: list[tuple[int, int]], quote: str, room: int, place: float
) -> str | None:
    """A contiguous part of `text`, of at most `room` tokens and of whole words, that holds the
    quote.

    offsets: where each token stands in the text. place: 0 to 1, how far into the window the quote
    lies (without one, how far into the text the window), so that a student does not learn to look
    in the middle. None: `room` is too small.
    """
    first, last = _tokens_of(offsets, text, quote)
    if room < LEAST_WINDOW or last - first > room:
        return None
    if quote:
        start = first - int(place * (room - (last - first)))
        start = min(max(start, 0), max(len(offsets) - room, 0))
    else:
        start = int(place * max(len(offsets) - room, 0))
    end = min(start + room, len(offsets))
    begin, finish = offsets[start][0], offsets[end - 1][1]
    keep = (offsets[first][0], offsets[last - 1][1]) if quote else (finish, begin)
    return text[_forward(text, begin, keep[0]) : _back(text, finish, keep[1])]


def _tokens_of(offsets: list[tuple[int, int]], text: str, quote: str) -> tuple[int, int]:
    """First and one past the last token of the quote; (0, 0) without one."""
    if not quote:
        return 0, 0
    start = text.index(quote)
    end = start + len(quote)
    inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > start]
    return inside[0], inside[-1] + 1


def _forward(text: str, at: int, limit: int) -> int:
    """The next place from which a word begins, at most `limit`."""
    while 0 < at < limit and not text[at - 1].isspace():
        at += 1
    return at


def _back(text: str, at: int, limit: int) -> int:
    while limit < at < len(text) and not text[at].isspace():
        at -= 1
    return at
