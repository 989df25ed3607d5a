"""What a decoder student learns from: one question on one note with the reply it is to give."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.criteria.question import Question
from shared.students.decoder.prompt import completion
from training.dataset import TeacherItem, TeacherNote
from training.dataset.records import NUMBER
from training.finetune.decoder.recipe import Recipe

MOST_DECIMALS = 4
MOST_DIGITS = 7
"""Before the point. Both as in the reply's schema."""
MOST_QUESTION = 500
STUDY = "training"


@dataclass(frozen=True)
class Example:
    """answer: as the reply has it. quote: verbatim in `text`, empty for NA or where the dataset has
    none; known also where the reply does not show it. reply: the completion."""

    note_id: str
    text: str
    question: Question
    answer: str
    quote: str
    reply: str


@dataclass
class Drawn:
    """dropped: why an item gives no example -> how many."""

    examples: list[Example] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def draw_examples(
    notes: Iterable[TeacherNote],
    screening: Mapping[str, tuple[TeacherItem, ...]],
    recipe: Recipe,
) -> Drawn:
    """An example for each item of each note and for some of the screening questions; of each
    question one wording is drawn. The draw depends on the seed and the note alone."""
    drawn = Drawn()
    for note in notes:
        rng = random.Random(f"{recipe.seed}-{note.id}")
        asked = draw_screening(screening.get(note.id, ()), recipe, rng)
        for number, item in enumerate((*note.items, *asked)):
            answer = answer_text(item.answer)
            if answer is None:
                drawn.dropped["number too long for a reply"] += 1
            elif item.quote and item.quote not in note.text:
                drawn.dropped["quote not in the note"] += 1
            else:
                worded = in_some_words(item, rng).as_question(STUDY, number)
                reply = completion(answer, item.quote if recipe.evidence else None)
                drawn.examples.append(
                    Example(note.id, note.text, worded, answer, item.quote, reply)
                )
    return drawn


def draw_screening(
    items: tuple[TeacherItem, ...], recipe: Recipe, rng: random.Random
) -> list[TeacherItem]:
    """Of a note's screening questions those that it answers and those that it does not."""
    shown = [item for item in items if item.answer != "NA"]
    silent = [item for item in items if item.answer == "NA"]
    return [
        *rng.sample(shown, min(recipe.screening_shown, len(shown))),
        *rng.sample(silent, min(recipe.screening_silent, len(silent))),
    ]


def in_some_words(item: TeacherItem, rng: random.Random) -> TeacherItem:
    wording = rng.choice((item.question, *item.also))
    return item.model_copy(update={"question": wording[:MOST_QUESTION]})


def answer_text(answer: str) -> str | None:
    """The answer as the reply has it: a number with at most four decimals. None: too long."""
    if NUMBER.fullmatch(answer) is None:
        return answer
    whole, _, decimals = answer.partition(".")
    if len(decimals) > MOST_DECIMALS:
        whole, _, decimals = f"{float(answer):.{MOST_DECIMALS}f}".rstrip("0").partition(".")
    if len(whole.lstrip("-")) > MOST_DIGITS:
        return None
    return f"{whole}.{decimals}" if decimals else whole
