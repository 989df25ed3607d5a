"""Wrong answers as JSON Lines, the most confident first: what to look at when tuning."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from shared.students.interface import Answer, Verdict
from training.evaluate.answering import Outcome
from training.evaluate.scoring import Value


def write_errors(outcomes: Iterable[Outcome], file: Path, *, quotes: bool = False) -> int:
    """One line for each wrong pair: note, id, expected, got, confidence, and the claims behind it.

    Quotes are patient text and are written only if asked for. Returns how many were wrong.
    """
    wrong = [outcome for outcome in outcomes if not outcome.pair.right]
    wrong.sort(key=lambda outcome: outcome.settled.confidence, reverse=True)
    with file.open("w", encoding="utf-8") as lines:
        for outcome in wrong:
            pair = outcome.pair
            record = {
                "note": pair.note,
                "id": pair.question,
                "expected": _plain(pair.expected),
                "got": _plain(pair.got),
                "confidence": round(outcome.settled.confidence, 4),
                "claims": [_claim(answer, quotes) for answer in outcome.settled.claims],
            }
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    return len(wrong)


def _claim(answer: Answer, quotes: bool) -> dict[str, object]:
    claim: dict[str, object] = {
        "question": answer.question,
        "answer": answer.verdict.value if answer.number is None else answer.number,
        "confidence": round(answer.confidence, 4),
    }
    return claim | {"quote": answer.quote} if quotes else claim


def _plain(value: Value) -> str | float:
    return value.value if isinstance(value, Verdict) else value
