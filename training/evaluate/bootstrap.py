"""Percentile bootstrap: the same metric on resampled patients (or notes, one row for each)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluate.scoring import Counts, Metric, measure

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its interval; all None where there is nothing to measure it on."""

    value: float | None
    low: float | None
    high: float | None


def estimate(rows: Counts, seed: int = 0) -> dict[Metric, Estimate]:
    """Each metric over all rows (shape: patients x COLUMNS), with its interval over patients."""
    replicates = measure(resampled(rows, seed))
    return {
        metric: interval(value, replicates[metric])
        for metric, value in measure(rows.sum(axis=0)).items()
    }


def estimate_of(
    rows: Counts, figure: Callable[[Counts], NDArray[np.float64]], seed: int = 0
) -> Estimate:
    """Any figure of summed counts: it takes shape (..., k) for rows of k and gives shape (...)."""
    return interval(figure(rows.sum(axis=0)), figure(resampled(rows, seed)))


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one lies above the other. p: two-sided, that there is no difference; None where
    nothing can be measured."""

    estimate: Estimate
    p: float | None


def estimate_difference(rows: Counts, others: Counts, seed: int = 0) -> dict[Metric, Estimate]:
    """How far `rows` lies above `others`, paired: both resampled alike.

    The rows of both must stand for the same patients in the same order.
    """
    return {metric: found.estimate for metric, found in differences(rows, others, seed).items()}


def differences(rows: Counts, others: Counts, seed: int = 0) -> dict[Metric, Difference]:
    """`estimate_difference` with p-values."""
    if rows.shape != others.shape:
        raise ValueError(f"not the same notes: {len(rows)} against {len(others)}")
    values, other_values = measure(rows.sum(axis=0)), measure(others.sum(axis=0))
    replicates, other_replicates = measure(resampled(rows, seed)), measure(resampled(others, seed))
    return {
        metric: difference_of(
            values[metric] - other_values[metric], replicates[metric] - other_replicates[metric]
        )
        for metric in values
    }


def difference_of(value: NDArray[np.float64], replicates: NDArray[np.float64]) -> Difference:
    """p: twice the smaller share of draws on one side of 0, both counted with one draw more, so
    that it is never 0 (Davison and Hinkley, Bootstrap Methods, 1997, section 4.2)."""
    found = interval(value, replicates)
    if found.value is None:
        return Difference(found, None)
    drawn = replicates[~np.isnan(replicates)]
    side = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Difference(found, min(1.0, 2 * (side + 1) / (drawn.size + 1)))


def resampled(rows: Counts, seed: int = 0) -> Counts:
    """Sums over RESAMPLES draws of as many rows, with replacement; rows: shape (n, ...)."""
    number = len(rows)
    if number == 0:
        return np.zeros((RESAMPLES, *rows.shape[1:]))
    draw = np.random.default_rng(seed)
    weights = draw.multinomial(number, np.full(number, 1 / number), RESAMPLES)
    return np.tensordot(weights.astype(np.float64), rows, axes=1)


def interval(value: NDArray[np.float64], replicates: NDArray[np.float64]) -> Estimate:
    """A draw that lacks what the metric is measured on says nothing and is left out."""
    measurable = replicates[~np.isnan(replicates)]
    if np.isnan(value) or measurable.size == 0:
        return Estimate(None, None, None)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(measurable, [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high))
