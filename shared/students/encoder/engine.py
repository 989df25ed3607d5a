"""The embedded student: a small distilled encoder on ONNX Runtime, without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shared.criteria.question import Question
from shared.students.encoder.decoding import NoteLogits, NoteText, decode, nothing, proposed
from shared.students.encoder.description import read_description
from shared.students.encoder.network import Floats, Network, States
from shared.students.encoder.numbers import candidates
from shared.students.encoder.passages import (
    CHUNK,
    MAX_QUESTION,
    Ints,
    choose_chunks,
    document_bucket,
    load_tokenizer,
    special_token,
    tokenize,
)
from shared.students.encoder.ranking import RankedNote
from shared.students.interface import Answer
from shared.students.version import student_version

QUESTIONS_AT_ONCE = 12
QUESTIONS_KEPT = 4096
# Tokens of one passage. The notes that confidence was calibrated on are all far longer; of a
# shorter one every claim is a proposal for a person.
SHORTEST = 2 * CHUNK


class EncoderStudent:
    """Answers a note's questions together: the note is encoded once, each question once for all
    notes, and only the best passages are read with each question."""

    def __init__(
        self, folder: Path, threads: int | None = None, passages: int | None = None
    ) -> None:
        """threads: of ONNX Runtime; None: all cores. passages: how many are read for a question;
        None: as student.json says."""
        self.version = student_version(folder)
        self._student = read_description(folder)
        self._passages_read = passages or self._student.passages
        self._tokenizer = load_tokenizer(folder)
        self._network = Network(folder, threads or os.cpu_count() or 1)
        self._cls = special_token(self._tokenizer, "[CLS]")
        self._sep = special_token(self._tokenizer, "[SEP]")
        self._questions: dict[str, States] = {}

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        read = self.read(text, questions)
        if read is None:
            return [nothing(question, 1.0) for question in questions]
        note, logits = read
        answers = [
            decode(question, note, one, self._student)
            for question, one in zip(questions, logits, strict=True)
        ]
        return answers if len(note.tokens) >= SHORTEST else [proposed(one) for one in answers]

    def read(
        self, text: str, questions: Sequence[Question]
    ) -> tuple[NoteText, list[NoteLogits]] | None:
        """What the network says before calibration, in the order of the questions; None where
        there is nothing to read. Calibration chooses temperatures and thresholds from it."""
        tokens = tokenize(self._tokenizer, text)
        if not len(tokens) or not questions:
            return None
        found = [c for c in candidates(text) if tokens.at(c.start) < len(tokens)]
        numbers = np.asarray([tokens.at(c.start) for c in found], dtype=np.int64)
        states = self._network.note(tokens.ids, self._cls, self._sep)
        ranked = RankedNote(states.top)
        asked = [self._question(question.text) for question in questions]
        read = [self._passages(ranked, question, len(tokens)) for question in asked]
        # Questions of like length together: least padding.
        order = sorted(range(len(questions)), key=lambda i: len(asked[i].lower) + len(read[i]))
        logits: dict[int, NoteLogits] = {}
        for at in range(0, len(order), QUESTIONS_AT_ONCE):
            group = order[at : at + QUESTIONS_AT_ONCE]
            parts = self._join([asked[i] for i in group], [read[i] for i in group], states.lower)
            logits.update(zip(group, parts, strict=True))
        return NoteText(text, tokens, found, numbers), [logits[i] for i in range(len(questions))]

    def _question(self, text: str) -> States:
        if text not in self._questions:
            if len(self._questions) >= QUESTIONS_KEPT:
                self._questions.clear()
            ids = self._tokenizer.encode(text, add_special_tokens=False).ids[:MAX_QUESTION]
            self._questions[text] = self._network.question([self._cls, *ids, self._sep])
        return self._questions[text]

    def _passages(self, ranked: RankedNote, question: States, length: int) -> Ints:
        scores = ranked.scores(question.top, self._student.rank_mix)
        chunks = choose_chunks(scores, self._passages_read)
        tokens = (chunks[:, None] * CHUNK + np.arange(CHUNK)[None]).ravel()
        kept: Ints = tokens[tokens < length]
        return kept

    def _join(self, asked: list[States], read: list[Ints], lower: Floats) -> list[NoteLogits]:
        """Joins each question with its chunks of the note; padding only at the end."""
        buckets = document_bucket(len(lower)) + 1
        longest = max(len(q.lower) + len(r) for q, r in zip(asked, read, strict=True))
        states = np.zeros((len(asked), longest, lower.shape[1]), np.float32)
        keep = np.zeros((len(asked), longest), np.float32)
        place = np.zeros((len(asked), longest), np.int64)
        for i, (q, r) in enumerate(zip(asked, read, strict=True)):
            begin, end = len(q.lower), len(q.lower) + len(r)
            states[i, :begin], states[i, begin:end] = q.lower, lower[r]
            keep[i, :end] = 1
            place[i, begin:end] = buckets[r]
        result = self._network.read(states, keep, place)
        return [
            NoteLogits(
                result.verdict[i],
                result.start[i, len(q.lower) : len(q.lower) + len(r)],
                result.end[i, len(q.lower) : len(q.lower) + len(r)],
                result.value[i, len(q.lower) : len(q.lower) + len(r)],
                r,
            )
            for i, (q, r) in enumerate(zip(asked, read, strict=True))
        ]
