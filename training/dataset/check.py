"""Checks notes for what a student relies on: verbatim quotes, length, enough items of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from training.dataset.records import ItemType, TeacherNote

LEAST_WORDS = 250
MOST_QUOTE_WORDS = 60
LEAST_ITEMS = {
    "boolean-Yes": 6,
    "boolean-No": 6,
    "numeric": 7,
    "na-boolean": 5,
    "na-numeric": 5,
}


def check_notes(notes: Iterable[TeacherNote]) -> Iterator[str]:
    """One line for each problem, with note id and item number; nothing for a clean data set."""
    for note in notes:
        words = len(note.text.split())
        if words < LEAST_WORDS:
            yield f"{note.id}: {words} words, fewer than {LEAST_WORDS}"
        counts: Counter[str] = Counter()
        for number, item in enumerate(note.items):
            answerable = item.type in (ItemType.BOOLEAN, ItemType.NUMERIC)
            counts[f"boolean-{item.answer}" if item.type is ItemType.BOOLEAN else item.type] += 1
            if answerable and not item.quote:
                yield f"{note.id} item {number}: no quote"
            if item.quote not in note.text:
                yield f"{note.id} item {number}: quote is not verbatim"
            if not answerable and item.quote:
                yield f"{note.id} item {number}: NA with a quote"
            if len(item.quote.split()) > MOST_QUOTE_WORDS:
                yield f"{note.id} item {number}: quote of more than {MOST_QUOTE_WORDS} words"
        for kind, least in LEAST_ITEMS.items():
            if counts[kind] < least:
                yield f"{note.id}: {counts[kind]} items {kind}, fewer than {least}"
