"""Checks notes for what a student relies on: verbatim quotes, enough items, some of them NA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from training.dataset.records import ItemType, TeacherNote

MOST_QUOTE_WORDS = 60
LEAST_ITEMS = 10
LEAST_NA = 4  # a student that never reads NA learns to claim


def check_notes(notes: Iterable[TeacherNote]) -> Iterator[str]:
    """One line for each problem, with note id and item number; nothing for a clean data set."""
    for note in notes:
        silent = 0
        for number, item in enumerate(note.items):
            answerable = item.type in (ItemType.BOOLEAN, ItemType.NUMERIC)
            silent += not answerable
            if answerable and not item.quote:
                yield f"{note.id} item {number}: no quote"
            if item.quote not in note.text:
                yield f"{note.id} item {number}: quote is not verbatim"
            if not answerable and item.quote:
                yield f"{note.id} item {number}: NA with a quote"
            if len(item.quote.split()) > MOST_QUOTE_WORDS:
                yield f"{note.id} item {number}: quote of more than {MOST_QUOTE_WORDS} words"
        if len(note.items) < LEAST_ITEMS:
            yield f"{note.id}: {len(note.items)} items, fewer than {LEAST_ITEMS}"
        if silent < LEAST_NA:
            yield f"{note.id}: {silent} items NA, fewer than {LEAST_NA}"
