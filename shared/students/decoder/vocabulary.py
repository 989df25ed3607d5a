"""A tokenizer, asked what the engine needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from transformers import PreTrainedTokenizerBase

from shared.criteria.question import AnswerType
from shared.students.decoder.prompt import ChatMessage
from shared.students.decoder.values import begun
from shared.students.version import StudentFolderError

_BEFORE = "."
"""A token's text is what it adds after this; at the very beginning some tokenizers drop spaces."""
_LETTERS = frozenset('-.0123456789NA"{}, \n')


class Vocabulary:
    """texts: what each token adds to a text, by its number; of part of a letter, U+FFFD."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Raises StudentFolderError: a tokenizer without chat template, or without the signs of
        which replies consist."""
        self._tokenizer = tokenizer
        self._special = set(tokenizer.all_special_ids)
        self._before = self.encode(_BEFORE)
        count = len(tokenizer)
        decoded = self._decode([[*self._before, at] for at in range(count)])
        skipped = len(self._decode([self._before])[0])
        self.texts = [text[skipped:] for text in decoded]
        self._values = [
            (at, text)
            for at, text in enumerate(self.texts)
            if text and at not in self._special and _LETTERS.issuperset(text.partition('"')[0])
        ]
        self._following: dict[tuple[str, str], list[int]] = {}
        if not tokenizer.chat_template:
            raise StudentFolderError(
                "the tokenizer has no chat template; a student is trained on a base model for "
                "chats (one named Instruct)"
            )
        for text in ("", "1", "1.1", "N"):
            if not self.going_on("", text):
                raise StudentFolderError("the tokenizer lacks signs that replies consist of")

    @property
    def control(self) -> list[str]:
        """Tokens that a text must not contain."""
        added = self._tokenizer.added_tokens_decoder.values()
        return [*self._tokenizer.all_special_tokens, *(t.content for t in added if t.special)]

    def is_special(self, token: int) -> bool:
        return token in self._special or token >= len(self.texts)

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """What these tokens add to a text; control tokens add nothing."""
        plain = [token for token in ids if not self.is_special(token)]
        before, whole = self._decode([self._before, [*self._before, *plain]])
        return whole[len(before) :]

    def prompt(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The messages as the model sees them, up to where its reply begins."""
        ids = self._tokenizer.apply_chat_template(
            [{"role": m["role"], "content": m["content"]} for m in messages],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )
        return cast(list[int], ids)

    def going_on(self, lead: str, text: str) -> list[int]:
        """The tokens with which a number or NA, begun with `text`, may go on. lead: what stands
        before the value; `text` begins with it, or it with `text`."""
        if (lead, text) not in self._following:
            self._following[lead, text] = [
                at for at, token in self._values if _possible(lead, text + token)
            ]
        return self._following[lead, text]

    def beginning_with(self, text: str) -> list[int]:
        return [
            at
            for at, token in enumerate(self.texts)
            if token.startswith(text) and at not in self._special
        ]

    def _decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        given: dict[str, Any] = {"clean_up_tokenization_spaces": False}
        texts: list[str] = self._tokenizer.batch_decode([list(row) for row in rows], **given)
        return texts


def _possible(lead: str, text: str) -> bool:
    if lead.startswith(text):
        return True
    return text.startswith(lead) and begun(AnswerType.NUMERIC, text.removeprefix(lead))
