"""Confidence beside what was right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluate.bootstrap import Estimate
from training.evaluate.calibration import (
    POINTS,
    Sureness,
    calibration_error,
    coverage,
    reliability,
)


def sure(confidence: float | None, right: bool, unit: str = "P1", given: bool = True) -> Sureness:
    return Sureness(unit, confidence, right, given)


surenesses = st.lists(
    st.builds(
        sure,
        st.one_of(st.none(), st.floats(0, 1)),
        st.booleans(),
        st.sampled_from(["P1", "P2", "P3"]),
    ).map(lambda one: one if one.confidence is not None else sure(None, False, one.unit)),
    min_size=1,
    max_size=60,
)


def test_a_bin_tells_how_sure_and_how_often_right() -> None:
    low, high = reliability(
        [sure(0.12, False), sure(0.9, True), sure(0.98, True), sure(0.91, False)]
    )
    assert (low.low, low.high, low.claims, low.confidence, low.right) == (0.1, 0.2, 1, 0.12, 0.0)
    assert (high.claims, high.confidence, high.right) == (
        3,
        pytest.approx(0.93),
        pytest.approx(2 / 3),
    )


def test_certainty_falls_into_the_last_bin() -> None:
    (only,) = reliability([sure(1.0, True)])
    assert (only.low, only.high) == (0.9, 1.0)


def test_a_hand_computed_error() -> None:
    # Bin 0.5-0.6: two claims, mean 0.5, half right: 0. Bin 0.9-1: two, mean 0.95, half right: 0.45.
    error = calibration_error(
        [sure(0.5, True), sure(0.5, False), sure(0.95, True), sure(0.95, False)]
    )
    assert error.value == pytest.approx((2 * 0.0 + 2 * 0.45) / 4)


def test_the_error_has_an_interval_over_patients() -> None:
    pairs = [sure(0.9, at % 2 == 0, f"P{at}") for at in range(60)]
    error = calibration_error(pairs)
    assert error.low is not None
    assert error.low < 0.4 < (error.high or 0)


def test_without_claims_there_is_nothing_to_calibrate() -> None:
    silent = [sure(None, False)]
    assert reliability(silent) == ()
    assert coverage(silent) == ()
    assert calibration_error(silent) == Estimate(None, None, None)


def test_a_hand_computed_coverage_curve() -> None:
    pairs = [sure(0.9, True), sure(0.6, False), sure(0.8, True), sure(None, False, given=False)]
    curve = coverage(pairs)
    assert [(p.threshold, p.coverage) for p in curve] == [(0.9, 0.25), (0.8, 0.5), (0.6, 0.75)]
    assert [p.accuracy for p in curve] == pytest.approx([1, 1, 2 / 3])
    assert [p.found for p in curve] == pytest.approx([1 / 3, 2 / 3, 2 / 3])


def test_claims_of_one_confidence_stand_or_fall_together() -> None:
    (point,) = coverage([sure(0.7, True), sure(0.7, False)])
    assert (point.coverage, point.accuracy) == (1.0, 0.5)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    curve = coverage([sure(at / 1000, True) for at in range(1000)])
    assert len(curve) == POINTS
    assert (curve[0].threshold, curve[-1].coverage) == (0.999, 1.0)


@given(surenesses)
def test_every_claim_is_in_one_bin(pairs: list[Sureness]) -> None:
    claims = sum(pair.confidence is not None for pair in pairs)
    assert sum(one.claims for one in reliability(pairs)) == claims


@given(surenesses)
def test_a_lower_threshold_never_covers_less_or_finds_less(pairs: list[Sureness]) -> None:
    curve = coverage(pairs)
    assert [p.coverage for p in curve] == sorted(p.coverage for p in curve)
    assert [p.found for p in curve] == sorted(p.found for p in curve)
    assert all(0 <= p.accuracy <= 1 for p in curve)


@given(surenesses)
def test_the_order_of_the_claims_does_not_matter(pairs: list[Sureness]) -> None:
    assert coverage(pairs) == coverage(pairs[::-1])
