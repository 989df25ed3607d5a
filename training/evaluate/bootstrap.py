"""Percentile bootstrap: the same metric on resampled notes."""

from __future__ import annotations

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
    """Each metric over all rows (shape: notes x COLUMNS), with its interval over the notes."""
    replicates = measure(_resampled(rows, seed))
    return {
        metric: _interval(value, replicates[metric])
        for metric, value in measure(rows.sum(axis=0)).items()
    }


def estimate_difference(rows: Counts, others: Counts, seed: int = 0) -> dict[Metric, Estimate]:
    """How far `rows` lies above `others`, paired: both resampled alike.

    The rows of both must stand for the same notes in the same order.
    """
    if rows.shape != others.shape:
        raise ValueError(f"not the same notes: {len(rows)} against {len(others)}")
    values, other_values = measure(rows.sum(axis=0)), measure(others.sum(axis=0))
    replicates, other_replicates = (
        measure(_resampled(rows, seed)),
        measure(_resampled(others, seed)),
    )
    return {
        metric: _interval(
            values[metric] - other_values[metric], replicates[metric] - other_replicates[metric]
        )
        for metric in values
    }


def _resampled(rows: Counts, seed: int) -> Counts:
    """Counts of RESAMPLES draws of as many notes, with replacement."""
    notes = len(rows)
    if notes == 0:
        return np.zeros((RESAMPLES, rows.shape[1]))
    weights = np.random.default_rng(seed).multinomial(notes, np.full(notes, 1 / notes), RESAMPLES)
    return weights @ rows


def _interval(value: NDArray[np.float64], replicates: NDArray[np.float64]) -> Estimate:
    """A draw that lacks what the metric is measured on says nothing and is left out."""
    measurable = replicates[~np.isnan(replicates)]
    if np.isnan(value) or measurable.size == 0:
        return Estimate(None, None, None)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(measurable, [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high))
