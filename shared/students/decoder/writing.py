"""How the transformers engine makes replies: verdicts by scoring, numbers letter by letter under
a constraint, quotes until their closing quotation mark. Nothing else can come out, whatever the
note says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch

from shared.criteria.question import AnswerType
from shared.students.decoder.confidence import Step, certainty
from shared.students.decoder.prompt import MOST_QUOTE, completion
from shared.students.decoder.reply import closing, read_string
from shared.students.decoder.rows import Ids, Rows
from shared.students.decoder.values import WORDS
from shared.students.decoder.vocabulary import Vocabulary

QUOTE_TOKENS = MOST_QUOTE
"""Enough for the longest quote, at one letter a token."""
OPTIONS = 20
"""Tokens that are looked at beside the chosen one; as many as a vLLM server tells."""
_OPENING = ' "'


@dataclass(frozen=True)
class Value:
    """Yes, No, NA or a number as text; confidence 0 to 1, before calibration."""

    text: str
    confidence: float


class Writer:
    """Writes into rows that stand right before the reply."""

    def __init__(self, vocabulary: Vocabulary, *, evidence: bool) -> None:
        """evidence: whether the student's replies have a quote."""
        self._vocabulary = vocabulary
        self._evidence = evidence
        # A quote may begin within the token that opens it, as in ` "-`
        self._openings = vocabulary.beginning_with(_OPENING)
        written = [self._written(word) for word in WORDS]
        self._word_head = common_beginning(written)
        self._branches = branches([ids[len(self._word_head) :] for ids in written])
        self._number_head = common_beginning([self._written(n) for n in ("1", "-1", "NA")])
        begun = vocabulary.decode(self._number_head)
        self._lead = completion("", None).removesuffix('"}')[len(begun) :]

    def values(self, type: AnswerType, rows: Rows, prompts: Sequence[Ids]) -> list[Value]:
        """The value for each row. Afterwards the rows stand behind the head of the reply.

        prompts: what is still to be read in each row before its reply begins.
        """
        boolean = type is AnswerType.BOOLEAN
        head = self._word_head if boolean else self._number_head
        logprobs = rows.feed([[*prompt, *head] for prompt in prompts])
        return self._words(rows, logprobs) if boolean else self._numbers(rows, logprobs)

    def quotes(self, type: AnswerType, rows: Rows, values: Sequence[str]) -> list[str]:
        """The quote that goes with each row's value; empty for a student without evidence."""
        quotes = [""] * len(values)
        if not self._evidence or not values:
            return quotes
        head = self._word_head if type is AnswerType.BOOLEAN else self._number_head
        logprobs = rows.feed([self._written(value)[len(head) :] for value in values])
        if self._openings:
            allowed = torch.tensor(self._openings, device=logprobs.device)
            chosen = allowed[logprobs[:, allowed].argmax(-1)].tolist()
        else:
            chosen = logprobs.argmax(-1).tolist()
        opening = _OPENING if self._openings else ""
        going, written = list(range(len(values))), [[token] for token in chosen]
        for _ in range(QUOTE_TOKENS):
            texts = [self._vocabulary.decode(ids).removeprefix(opening) for ids in written]
            for row, text in zip(going, texts, strict=True):
                quotes[row] = read_string(text)[:MOST_QUOTE]
            open_rows = [
                at
                for at, (ids, text) in enumerate(zip(written, texts, strict=True))
                if closing(text) is None
                and len(text) < MOST_QUOTE
                and not self._vocabulary.is_special(ids[-1])
            ]
            if not open_rows:
                break
            if len(open_rows) < len(going):
                rows.keep(open_rows)
                going = [going[at] for at in open_rows]
                written = [written[at] for at in open_rows]
            chosen = rows.feed([[ids[-1]] for ids in written]).argmax(-1).tolist()
            for ids, token in zip(written, chosen, strict=True):
                ids.append(token)
        return quotes

    def _words(self, rows: Rows, logprobs: torch.Tensor) -> list[Value]:
        """Yes, No and NA each with the probability of its tokens where the three part ways."""
        columns = rows.columns
        scores = torch.zeros(len(logprobs), len(WORDS), device=logprobs.device)
        for beginning, ways in self._branches.items():
            if beginning:
                logprobs = rows.feed([beginning] * len(scores))
                rows.back(columns)
            share = logprobs[:, list(ways)].log_softmax(-1)
            for at, words in enumerate(ways.values()):
                for word in words:
                    scores[:, word] += share[:, at]
        best = scores.exp().max(-1)
        return [
            Value(WORDS[word], min(confidence, 1.0))
            for confidence, word in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]

    def _numbers(self, rows: Rows, logprobs: torch.Tensor) -> list[Value]:
        columns = rows.columns
        texts = [""] * len(logprobs)
        steps: list[list[Step]] = [[] for _ in texts]
        last = [0] * len(texts)
        while True:
            for row, text in enumerate(texts):
                if not self._ended(text):
                    step, last[row] = self._next(text, logprobs[row])
                    steps[row].append(step)
                    texts[row] += step.token
            if all(map(self._ended, texts)):
                break
            logprobs = rows.feed([[token] for token in last])
        rows.back(columns)
        return [
            Value(
                text.removeprefix(self._lead).partition('"')[0],
                certainty(AnswerType.NUMERIC, taken, self._lead),
            )
            for text, taken in zip(texts, steps, strict=True)
        ]

    def _next(self, text: str, logprobs: torch.Tensor) -> tuple[Step, int]:
        ids = self._vocabulary.going_on(self._lead, text)
        best = logprobs[ids].topk(min(OPTIONS, len(ids)))
        options = [
            (self._vocabulary.texts[ids[at]], logprob)
            for at, logprob in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
        # Shares among the possible; scaled, so that none vanishes
        scaled = [(token, logprob - options[0][1]) for token, logprob in options]
        return Step(options[0][0], scaled), ids[int(best.indices[0])]

    def _ended(self, text: str) -> bool:
        return '"' in text.removeprefix(self._lead) and text.startswith(self._lead)

    def _written(self, value: str) -> list[int]:
        """The reply's tokens as in training, up to where its quote is opened, or, in a vocabulary
        without tokens for that, up to where it begins."""
        text = completion(value, "" if self._evidence else None)
        opened = text.removesuffix('"}') if not self._openings else text.removesuffix(' ""}')
        return self._vocabulary.encode(opened if self._evidence else text)


def common_beginning(rows: Sequence[Ids]) -> list[int]:
    return [column[0] for column in takewhile(lambda c: len(set(c)) == 1, zip(*rows, strict=False))]


def branches(rows: Sequence[Ids]) -> dict[tuple[int, ...], dict[int, list[int]]]:
    """Where rows part ways: what they have in common up to there -> the tokens with which they
    go on -> which rows do."""
    found: dict[tuple[int, ...], dict[int, list[int]]] = {}
    for at, row in enumerate(rows):
        for length, token in enumerate(row):
            found.setdefault(tuple(row[:length]), {}).setdefault(token, []).append(at)
    return {beginning: ways for beginning, ways in found.items() if len(ways) > 1}
