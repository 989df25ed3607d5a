"""Everything the encoder is trained and calibrated on, split by patient."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TypeVar

from tokenizers import Tokenizer

from shared.criteria.question import AnswerType
from training.dataset import Dataset, TeacherItem, TeacherNote
from training.finetune.encoder.examples import EncodedNote, Item, encode_note, topic_words

T = TypeVar("T")

# How many questions are drawn of a note at one step: its own, of the screening list those that it
# answers and those on which it is silent, and questions of other notes.
OWN, OWN_BESIDE_SCREENING = 32, 24
SHOWN, SILENT = 12, 10
FOREIGN = 4


@dataclass(frozen=True)
class TrainingNote:
    note: EncodedNote
    items: list[Item]
    screening: list[Item]


@dataclass(frozen=True)
class TrainingData:
    """hash: the dataset's."""

    train: list[TrainingNote]
    held_out: list[TrainingNote]
    hash: str


def encode(tokenizer: Tokenizer, dataset: Dataset) -> TrainingData:
    def encoded(part: tuple[TeacherNote, ...]) -> list[TrainingNote]:
        return [
            TrainingNote(
                encode_note(tokenizer, note.id, note.text),
                [_item(item) for item in note.items],
                [_item(item) for item in dataset.screening.get(note.id, ())],
            )
            for note in part
        ]

    return TrainingData(encoded(dataset.train), encoded(dataset.held_out), dataset.hash)


def _item(item: TeacherItem) -> Item:
    numeric = item.type.answer_type is AnswerType.NUMERIC
    return Item((item.question, *item.also), numeric, item.answer, item.unit, item.quote)


class Draws:
    """What is asked of a note at one step. Questions of other notes are those whose subject the
    note does not touch, so that their answer is NA."""

    def __init__(self, notes: list[TrainingNote]) -> None:
        items = [item for note in notes for item in note.items]
        self._pool = [(item, topic_words(item.wordings[0])) for item in items]
        self._words = {note.note.id: topic_words(note.note.text) for note in notes}

    def items(self, note: TrainingNote, rng: random.Random, screening: bool) -> list[Item]:
        if not (screening and note.screening):
            return [*_draw(note.items, OWN, rng), *self._foreign(note, rng)]
        shown = [item for item in note.screening if item.answer != "NA"]
        silent = [item for item in note.screening if item.answer == "NA"]
        return [
            *_draw(note.items, OWN_BESIDE_SCREENING, rng),
            *_draw(shown, SHOWN, rng),
            *_draw(silent, SILENT, rng),
            *self._foreign(note, rng),
        ]

    def _foreign(self, note: TrainingNote, rng: random.Random) -> list[Item]:
        words = self._words[note.note.id]
        found: list[Item] = []
        for item, topic in _draw(self._pool, 40 * FOREIGN, rng):
            if topic and not topic & words:
                found.append(Item(item.wordings, item.numeric, "NA"))
            if len(found) == FOREIGN:
                break
        return found


def _draw(items: list[T], count: int, rng: random.Random) -> list[T]:
    return rng.sample(items, min(count, len(items)))
