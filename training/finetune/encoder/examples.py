"""Notes and items turned into what the network is trained on."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from shared.students.encoder.decoding import VERDICTS
from shared.students.encoder.numbers import Candidate, candidates, in_unit
from shared.students.encoder.passages import MAX_QUESTION, Ints, Tokens, special_token, tokenize
from training.finetune.calibration import same_number

CLASSES = tuple(verdict.value for verdict in VERDICTS)
NUMBER, NA = CLASSES.index("number"), CLASSES.index("NA")


@dataclass(frozen=True)
class Item:
    """One question on one note. numeric: which classes are possible. answer: Yes, No, NA or a
    number as text. wordings: the same question in other words; one is drawn at each step."""

    wordings: tuple[str, ...]
    numeric: bool
    answer: str
    unit: str | None = None
    quote: str = ""


@dataclass(frozen=True)
class EncodedNote:
    """numbers: token index of each candidate's first token [N]; candidates: the candidates."""

    id: str
    text: str
    tokens: Tokens
    numbers: Ints
    candidates: list[Candidate]


@dataclass(frozen=True)
class Target:
    """verdict: index into CLASSES; evidence: first and last token of the quote, or None;
    values: indices into the note's candidates that give the answer."""

    verdict: int
    evidence: tuple[int, int] | None
    values: tuple[int, ...]


def encode_note(tokenizer: Tokenizer, id: str, text: str) -> EncodedNote:
    tokens = tokenize(tokenizer, text)
    found = [c for c in candidates(text) if tokens.at(c.start) < len(tokens)]
    numbers = np.asarray([tokens.at(c.start) for c in found], dtype=np.int64)
    return EncodedNote(id, text, tokens, numbers, found)


def encode_question(tokenizer: Tokenizer, text: str) -> list[int]:
    """[CLS] question [SEP], cut to MAX_QUESTION tokens."""
    ids = tokenizer.encode(text, add_special_tokens=False).ids[:MAX_QUESTION]
    return [special_token(tokenizer, "[CLS]"), *ids, special_token(tokenizer, "[SEP]")]


def target(note: EncodedNote, item: Item) -> Target:
    """Where the answer stands. The quote's first occurrence is taken; a number that cannot be
    read out of the quote (computed, spelled oddly) trains verdict and evidence alone."""
    if item.answer == "NA":
        return Target(NA, None, ())
    start = note.text.find(item.quote) if item.quote else -1
    evidence = None
    if start >= 0:
        end = start + len(item.quote)
        evidence = (note.tokens.at(start), note.tokens.at(end - 1))
    if not item.numeric:
        return Target(CLASSES.index(item.answer), evidence, ())
    wanted = float(item.answer)
    values = tuple(
        i
        for i, c in enumerate(note.candidates)
        if start >= 0
        and start <= c.start < start + len(item.quote)
        and same_number(in_unit(c, note.text, item.unit or "", item.wordings[0]), wanted)
    )
    return Target(NUMBER, evidence, values)


_WORD = re.compile(r"[a-z][a-z0-9]{3,}")
_COMMON = frozenset(
    "patient does have what with from past this that been were time most recent level current "
    "currently history taking given documented ever during there other than disease number "
    "many much value count total".split()
)


def topic_words(text: str) -> set[str]:
    """Content words, cut to a stem of six letters; for finding questions foreign to a note."""
    return {w[:6] for w in _WORD.findall(text.lower()) if w not in _COMMON}
