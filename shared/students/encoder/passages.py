"""From text to tokens, windows and passages: what trainer and engine must do alike.

A note is tokenised once. Its lower layers are computed over overlapping windows (wide context,
shared by all questions); what a question is read against are chunks of it, chosen by rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

WINDOW = 254  # tokens of the note in one window, plus [CLS] and [SEP]
STRIDE = 190
CHUNK = 32  # tokens; two neighbouring chunks are one passage in the ranking
MAX_QUESTION = 62  # tokens; longer questions are cut
DOCUMENT_BUCKETS = 16  # where in the note a token stands, for first / last / most recent

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tokens:
    """ids [T]; starts, ends [T]: code points of each token in the text."""

    ids: Ints
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, offset: int) -> int:
        """The token that covers or follows the code point `offset`."""
        return int(np.searchsorted(self.ends, offset, side="right"))


@dataclass(frozen=True)
class Window:
    """Tokens begin..end of the note are encoded together; of those, keep_from..keep_to are
    taken from this window, the ones for which it offers the widest context."""

    begin: int
    end: int
    keep_from: int
    keep_to: int


def load_tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def special_token(tokenizer: Tokenizer, name: str) -> int:
    """Id of [CLS] or [SEP]. Raises ValueError: the vocabulary has no such token."""
    token: int | None = tokenizer.token_to_id(name)
    if token is None:
        raise ValueError(f"tokenizer.json has no {name}: it does not belong to an encoder student")
    return token


def tokenize(tokenizer: Tokenizer, text: str) -> Tokens:
    encoding = tokenizer.encode(text, add_special_tokens=False)
    offsets = np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    return Tokens(np.asarray(encoding.ids, dtype=np.int64), offsets[:, 0], offsets[:, 1])


def windows(length: int) -> list[Window]:
    """Windows that cover `length` tokens; every token is kept from exactly one of them."""
    begins = [0]
    while begins[-1] + WINDOW < length:
        begins.append(min(begins[-1] + STRIDE, length - WINDOW))
    result = []
    keep_from = 0
    for i, begin in enumerate(begins):
        end = min(begin + WINDOW, length)
        last = i == len(begins) - 1
        keep_to = end if last else (begins[i + 1] + end) // 2
        result.append(Window(begin, end, keep_from, keep_to))
        keep_from = keep_to
    return result


def chunk_count(length: int) -> int:
    return max(1, -(-length // CHUNK))


def document_bucket(length: int) -> Ints:
    """[T]: 0 at the beginning of the note to DOCUMENT_BUCKETS - 1 at its end."""
    return np.arange(length, dtype=np.int64) * DOCUMENT_BUCKETS // max(length, 1)


def choose_chunks(passage_scores: npt.NDArray[np.float32], passages: int) -> Ints:
    """The chunks of the best `passages` passages, in the order of the note. Passage p is the
    chunks p and p + 1 (a note of one chunk has one passage)."""
    best = np.argsort(-passage_scores, kind="stable")[:passages]
    chunks: Ints = np.unique(np.concatenate([best, best + 1]))
    return chunks
