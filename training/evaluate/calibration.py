"""Whether claims are right as often as the student says: reliability, error, coverage. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluate.bootstrap import Estimate, estimate_of
from training.evaluate.scoring import Counts, share

BINS = 10
"""Of equal width, 0 to 1."""
POINTS = 41
"""Most points of a coverage curve."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """One pair: how sure the student was and whether it was right.

    confidence: None where it claimed nothing. given: the key has an answer, not NA.
    unit: patient (or note), what is resampled together.
    """

    unit: str
    confidence: float | None
    right: bool
    given: bool = True


@dataclass(frozen=True, slots=True)
class Bin:
    """Claims with a confidence from `low` to `high`. confidence: their mean. right: share."""

    low: float
    high: float
    claims: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Point:
    """If only claims at `threshold` or above stood: coverage: share of all pairs that get one;
    accuracy: share of these that are right; found: share of the pairs that the key answers."""

    threshold: float
    coverage: float
    accuracy: float
    found: float


def reliability(pairs: Sequence[Sureness]) -> tuple[Bin, ...]:
    """The bins that hold claims, from the least sure to the surest."""
    totals = _binned(pairs).sum(axis=0).reshape(BINS, 3)
    return tuple(
        Bin(at / BINS, (at + 1) / BINS, int(claims), float(sure / claims), float(right / claims))
        for at, (claims, sure, right) in enumerate(totals)
        if claims
    )


def calibration_error(pairs: Sequence[Sureness], seed: int = 0) -> Estimate:
    """Expected calibration error: mean over the claims of how far, in their bin, the mean
    confidence lies from the share that is right; with its bootstrap interval over units.
    (Guo et al., On calibration of modern neural networks, ICML 2017.)"""
    return estimate_of(_binned(pairs), _error, seed)


def coverage(pairs: Sequence[Sureness]) -> tuple[Point, ...]:
    """From the surest claims alone to all of them, at most POINTS thresholds."""
    claims = sorted(
        ((p.confidence, p.right) for p in pairs if p.confidence is not None), reverse=True
    )
    if not claims:
        return ()
    given = sum(pair.given for pair in pairs)
    right = np.cumsum([is_right for _, is_right in claims])
    # Claims of one confidence stand or fall together.
    ends = [
        at
        for at, (confidence, _) in enumerate(claims, 1)
        if at == len(claims) or claims[at][0] != confidence
    ]
    if len(ends) > POINTS:
        ends = [ends[i] for i in np.linspace(0, len(ends) - 1, POINTS).round().astype(int)]
    return tuple(
        Point(
            threshold=float(claims[end - 1][0]),
            coverage=end / len(pairs),
            accuracy=float(right[end - 1] / end),
            found=float(right[end - 1] / given) if given else 0.0,
        )
        for end in ends
    )


def _binned(pairs: Sequence[Sureness]) -> Counts:
    """For each unit, of each bin: claims, sum of confidences, right. Shape (units, BINS * 3)."""
    rows: dict[str, NDArray[np.float64]] = {}
    for pair in pairs:
        row = rows.setdefault(pair.unit, np.zeros((BINS, 3)))
        if pair.confidence is not None:
            at = min(int(pair.confidence * BINS), BINS - 1)
            row[at] += (1, pair.confidence, pair.right)
    return np.array(list(rows.values())).reshape(len(rows), BINS * 3)


def _error(counts: Counts) -> NDArray[np.float64]:
    claims, sure, right = np.moveaxis(counts.reshape(*counts.shape[:-1], BINS, 3), -1, 0)
    return share(np.abs(sure - right).sum(axis=-1), claims.sum(axis=-1))
