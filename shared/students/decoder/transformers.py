"""The decoder student in this process: base model and adapter on transformers, GPU or CPU.

A note is read once for all questions, which then go on from there side by side. The verdict is
whichever of the possible ones is likeliest, never free text (see writing.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from shared.criteria.question import AnswerType, Question
from shared.students.decoder.control import disarming
from shared.students.decoder.description import (
    DecoderDescription,
    base_of,
    has_adapter,
    read_description,
)
from shared.students.decoder.prompt import messages
from shared.students.decoder.reply import Reply
from shared.students.decoder.rows import Prefix
from shared.students.decoder.settle import is_claim, nothing, settle
from shared.students.decoder.vocabulary import Vocabulary
from shared.students.decoder.windows import Window, merge, split_into
from shared.students.decoder.writing import QUOTE_TOKENS, Writer, common_beginning
from shared.students.interface import Answer
from shared.students.version import StudentFolderError, student_version

QUESTIONS_AT_ONCE = 8
REPLY_TOKENS = QUOTE_TOKENS + 32


@dataclass(frozen=True)
class _Asked:
    """One question on one window. at: its place among the questions. prompt: what the model is
    still to read of it behind the note."""

    at: int
    question: Question
    prompt: list[int]


class TransformersStudent:
    """A student folder with the base model that it was trained on."""

    def __init__(
        self,
        folder: Path,
        base: Path | str | None = None,
        *,
        device: str = "auto",
        at_once: int = QUESTIONS_AT_ONCE,
        context: int | None = None,
    ) -> None:
        """base: folder or name of the base model; None: as student.json names it. device: auto,
        cpu, cuda, cuda:1. at_once: questions side by side; the keys and values of the note are
        copied for each. context: tokens of prompt and reply, at most; None: as many as the model
        can.

        Raises StudentFolderError.
        """
        self.version = student_version(folder)
        self._student = read_description(folder)
        self._at_once = at_once
        self._vocabulary = Vocabulary(AutoTokenizer.from_pretrained(folder))
        self._writer = Writer(self._vocabulary, evidence=self._student.evidence)
        self._harmless = disarming(self._vocabulary.control)
        self._model = _load(folder, self._student, str(base or ""), device)
        offered = getattr(self._model.config, "max_position_embeddings", None)
        self._context = min(limit for limit in (context, offered, 2**20) if limit)

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        if not questions or not text.strip():
            return [nothing(question, 1.0) for question in questions]
        by_window = [self._read(window, questions) for window in self._windows(text, questions)]
        return [
            merge(question.key, answers)
            for question, answers in zip(questions, zip(*by_window, strict=True), strict=True)
        ]

    def _windows(self, text: str, questions: Sequence[Question]) -> list[Window]:
        longest = max(questions, key=lambda question: len(self._prompt("", question)))
        frame = len(self._prompt("", longest))
        return split_into(
            text,
            lambda part: len(self._prompt(part, longest)) - frame,
            self._context,
            frame + REPLY_TOKENS,
        )

    def _prompt(self, text: str, question: Question) -> list[int]:
        shown = messages(self._harmless(text), question, self._student.prompt)
        return self._vocabulary.prompt(shown)

    def _read(self, window: Window, questions: Sequence[Question]) -> list[Answer]:
        prompts = [self._prompt(window.text, question) for question in questions]
        shared = len(common_beginning([prompt[:-1] for prompt in prompts]))
        note = Prefix(self._model, prompts[0][:shared])
        asked = [
            _Asked(at, question, prompt[shared:])
            for at, (question, prompt) in enumerate(zip(questions, prompts, strict=True))
        ]
        answers: dict[int, Answer] = {}
        for type in AnswerType:
            alike = [one for one in asked if one.question.type is type]
            for at in range(0, len(alike), self._at_once):
                group = alike[at : at + self._at_once]
                said = self._reply(type, note, group)
                answers |= {
                    one.at: settle(one.question, window, reply, confidence, self._student)
                    for one, (reply, confidence) in zip(group, said, strict=True)
                }
        return [answers[at] for at in range(len(questions))]

    def _reply(
        self, type: AnswerType, note: Prefix, group: Sequence[_Asked]
    ) -> list[tuple[Reply, float]]:
        rows = note.rows(len(group))
        values = self._writer.values(type, rows, [one.prompt for one in group])
        claims = [
            at
            for at, (one, value) in enumerate(zip(group, values, strict=True))
            if is_claim(one.question, Reply(value.text), value.confidence, self._student)
        ]
        if claims:
            rows.keep(claims)
        quotes = self._writer.quotes(type, rows, [values[at].text for at in claims])
        quoted = dict(zip(claims, quotes, strict=True))
        return [
            (Reply(value.text, quoted.get(at, "")), value.confidence)
            for at, value in enumerate(values)
        ]


def _load(folder: Path, student: DecoderDescription, base: str, device: str) -> PreTrainedModel:
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    name = base_of(student, base)
    missing = StudentFolderError(
        f"no base model at {name}; set CHARTSIFT_STUDENT_BASE to the folder of {student.base}, "
        "which this student was trained on"
    )
    disable_progress_bar()  # type: ignore[no-untyped-call]  # the services' logs are lines
    # A model of the hub is named owner/name; what is not is a folder
    if "/" not in name and not Path(name).is_dir():
        raise missing
    try:
        model = AutoModelForCausalLM.from_pretrained(name, dtype="auto", device_map=device)
    except OSError:
        raise missing from None
    if has_adapter(folder):
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    return cast(PreTrainedModel, model.train(False))
