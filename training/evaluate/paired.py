"""Two students on the same pairs: is one right more often? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from training.evaluate.fault import EvaluationError
from training.evaluate.scoring import Pair


class McNemar(BaseModel):
    """Pairs that only one of two students answers as the key does (NA included).

    p: two-sided exact McNemar test that each is as often the one that is right. It takes pairs as
    independent; pairs of one patient are not quite, so where it and the bootstrap over patients
    disagree, the bootstrap is to be believed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pairs: int
    both_right: int
    only_this: int
    only_other: int
    both_wrong: int
    p: float


class NotPairedError(EvaluationError):
    """Two students that did not answer the same questions on the same notes."""


def compare(these: Iterable[Pair], others: Iterable[Pair]) -> McNemar:
    """Raises NotPairedError."""
    right = {(pair.note, pair.question): pair.right for pair in these}
    other_right = {(pair.note, pair.question): pair.right for pair in others}
    if right.keys() != other_right.keys():
        raise NotPairedError(f"not the same pairs: {len(right)} against {len(other_right)}")
    places = list(right)
    return of_outcomes([right[place] for place in places], [other_right[place] for place in places])


def of_outcomes(these: Sequence[bool], others: Sequence[bool]) -> McNemar:
    """these, others: whether each is right, pair by pair."""
    paired = list(zip(these, others, strict=True))
    only_this, only_other = paired.count((True, False)), paired.count((False, True))
    return McNemar(
        pairs=len(paired),
        both_right=paired.count((True, True)),
        only_this=only_this,
        only_other=only_other,
        both_wrong=paired.count((False, False)),
        p=exact_p(only_this, only_other),
    )


def exact_p(one: int, other: int) -> float:
    """Two-sided binomial test that both counts are as likely.

    Computed in whole numbers, so it is exact however many pairs there are.
    """
    total, fewer = one + other, min(one, other)
    ways = term = 1
    for k in range(1, fewer + 1):
        term = term * (total - k + 1) // k
        ways += term
    return min(1.0, 2 * ways / (1 << total)) if total else 1.0
