"""The method's subsets of a dataset, and equal numbers of each type."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from training.dataset.records import ItemType, TeacherItem, TeacherNote

Place = tuple[str, int]
"""Note id and number of the item in its note."""


class Subset(StrEnum):
    """Which items a student learns from, as the method compares them.

    WITHOUT_EVIDENCE: all types, but no quote, section or explanation.
    """

    BOOLEAN = "boolean"
    BOOLEAN_NUMERIC = "boolean-numeric"
    ALL = "all"
    WITHOUT_EVIDENCE = "without-evidence"

    @property
    def types(self) -> tuple[ItemType, ...]:
        if self is Subset.BOOLEAN:
            return (ItemType.BOOLEAN,)
        if self is Subset.BOOLEAN_NUMERIC:
            return (ItemType.BOOLEAN, ItemType.NUMERIC)
        return tuple(ItemType)

    @property
    def evidence(self) -> bool:
        return self is not Subset.WITHOUT_EVIDENCE


def difficult_enough(item: TeacherItem, least: int) -> bool:
    """least: 1 to 10. An item without a rating passes only where every item does."""
    return least <= 1 or (item.difficulty is not None and item.difficulty >= least)


def without_evidence(item: TeacherItem) -> TeacherItem:
    return item.model_copy(update={"quote": "", "section": None, "explanation": None})


def choose(
    notes: Sequence[TeacherNote],
    types: Sequence[ItemType],
    seed: int,
    balanced: bool = True,
    most_items: int | None = None,
) -> set[Place]:
    """The items that stay.

    balanced: equally many of each of `types`. most_items: at most so many together.
    Items are drawn in an order that each one has by itself, so that a smaller choice is part of
    every larger one with the same seed.
    """
    of: dict[ItemType, list[Place]] = {kind: [] for kind in types}
    texts = {(n.id, at): item.question for n, at, item in _items(notes) if item.type in of}
    for note, at, item in _items(notes):
        if item.type in of:
            of[item.type].append((note.id, at))

    def drawn(places: Iterable[Place]) -> list[Place]:
        return sorted(places, key=lambda place: draw_order(seed, place[0], texts[place]))

    if not balanced:
        return set(drawn(place for places in of.values() for place in places)[:most_items])
    each = min(map(len, of.values()), default=0)
    if most_items is not None:
        each = min(each, most_items // len(of))
    return {place for places in of.values() for place in drawn(places)[:each]}


def _items(notes: Iterable[TeacherNote]) -> Iterator[tuple[TeacherNote, int, TeacherItem]]:
    return ((note, at, item) for note in notes for at, item in enumerate(note.items))


def draw_order(seed: int, note: str, question: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{note}\0{question}".encode("utf-8", "replace")).digest()
