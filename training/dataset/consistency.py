"""Asks the teacher each question a second time and keeps what it answers alike."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from threading import Lock

from shared.criteria.question import Question
from training.dataset.fitting import MisfitError, read_answer
from training.dataset.records import TeacherItem, TeacherNote

Ask = Callable[[TeacherNote, Question], str | None]
"""The teacher's answer to one question on one note: Yes, No, NA or a number; None: no answer.
Called from several threads. What it raises ends the cleaning."""

STUDY = "consistency"
_CHUNK = 256


def agrees(item: TeacherItem, again: str | None) -> bool:
    """Numbers agree if they are equal, however they are written."""
    try:
        answer, _ = read_answer(again, item.type.answer_type, item.unit)
    except MisfitError:
        return False
    if item.number is not None and answer != "NA":
        return math.isclose(item.number, float(answer), rel_tol=1e-9)
    return answer == item.answer


def find_disagreements(
    notes: Sequence[TeacherNote],
    ask: Ask,
    at_once: int = 8,
    done: Callable[[int], None] = lambda count: None,
) -> set[tuple[str, int]]:
    """(note id, number of the item) of each item whose answer the teacher did not repeat.

    at_once: questions under way at any time. done: told how many items are through.
    """
    pairs: Iterator[tuple[TeacherNote, int]] = (
        (note, at) for note in notes for at in range(len(note.items))
    )
    through, found = 0, set()
    with ThreadPoolExecutor(at_once) as pool:
        while chunk := list(islice(pairs, _CHUNK)):
            futures = [
                pool.submit(ask, note, note.items[at].as_question(STUDY, at)) for note, at in chunk
            ]
            try:
                for (note, at), future in zip(chunk, futures, strict=True):
                    if not agrees(note.items[at], future.result()):
                        found.add((note.id, at))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            through += len(chunk)
            done(through)
    return found


def remembering(ask: Ask, file: Path) -> Ask:
    """Asks once and keeps each answer in `file` (JSON Lines), so that a cleaning that was
    interrupted does not pay for the same answer twice. Questions are kept as hashes."""
    known: dict[str, str | None] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
                known[record["key"]] = record["answer"]
            except (ValueError, KeyError, TypeError):
                continue  # cut off when the process died; asked again
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock()

    def remembered(note: TeacherNote, question: Question) -> str | None:
        key = _key(note, question)
        if key not in known:
            answer = ask(note, question)
            with lock, file.open("a", encoding="utf-8") as out:
                # The line break first: it closes a line that was cut off.
                out.write("\n" + json.dumps({"key": key, "answer": answer}))
                known[key] = answer
        return known[key]

    return remembered


def _key(note: TeacherNote, question: Question) -> str:
    asked = json.dumps([note.text, question.text, question.type, question.unit])
    return hashlib.sha256(asked.encode()).hexdigest()
