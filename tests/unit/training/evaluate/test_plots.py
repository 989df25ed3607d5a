"""Inline plots."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from training.evaluate.bootstrap import Estimate
from training.evaluate.calibration import Bin, Point
from training.evaluate.plots import coverage_plot, interval_plot, reliability_plot

NAME = "<script>&\"'"
BINS = (Bin(0.2, 0.3, 4, 0.25, 0.0), Bin(0.9, 1.0, 40, 0.97, 1.0))
POINTS = (Point(0.97, 0.4, 1.0, 0.5), Point(0.25, 0.44, 0.91, 0.5))
UNKNOWN = Estimate(None, None, None)


@pytest.mark.parametrize(
    "plot",
    [
        reliability_plot([(NAME, BINS), ("silent", ())]),
        coverage_plot([(NAME, POINTS), ("silent", ())]),
        interval_plot([(NAME, [(NAME, Estimate(0.5, 0.4, 0.6)), ("silent", UNKNOWN)])]),
        reliability_plot([]),
        coverage_plot([]),
        interval_plot([]),
    ],
)
def test_a_plot_is_well_formed_and_escapes_names(plot: Markup) -> None:
    root = ElementTree.fromstring(str(plot))
    assert root.tag == "svg"
    assert all(element.tag != "script" for element in root.iter())


def test_every_dot_lies_within_the_plot_and_tells_its_figures() -> None:
    root = ElementTree.fromstring(str(reliability_plot([("s", BINS)])))
    dots = list(root.iter("circle"))
    assert [dot.findtext("title") for dot in dots] == [
        "s: 4 claims, 25% sure, 0% right",
        "s: 40 claims, 97% sure, 100% right",
    ]
    assert all(0 < float(dot.get("cx", "")) < float(root.get("width", "")) for dot in dots)
    assert all(0 < float(dot.get("cy", "")) < float(root.get("height", "")) for dot in dots)


def test_what_cannot_be_measured_is_said() -> None:
    assert "not measurable" in interval_plot([("row", [("s", UNKNOWN)])])
