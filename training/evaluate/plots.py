"""Plots as inline SVG. Every text in them is escaped; nothing is loaded from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

from markupsafe import Markup

from training.evaluate.bootstrap import Estimate
from training.evaluate.calibration import Bin, Point

COLOURS = ("#1d5fa6", "#c8641b", "#2f8f6b", "#8a4fa3", "#8c6d1f", "#b03060", "#5d6b78")
"""Of the student, then of what stands beside it; told apart by most colour-blind readers too, and
by their order in the legend."""

_WIDTH, _HEIGHT = 430, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 26, 12, 46
_FLOORS = (0.95, 0.9, 0.75, 0.5, 0.0)  # of an axis that ends at 100 % and has five steps
_ROW, _GAP, _LABEL = 17, 16, 280


def colour(at: int) -> str:
    return COLOURS[at % len(COLOURS)]


def reliability_plot(series: Sequence[tuple[str, Sequence[Bin]]]) -> Markup:
    """How often claims are right against how sure the student was; on the dashed line the two
    agree. A dot's area stands for the number of claims."""
    x, y = _axis(0, 1, horizontal=True), _axis(0, 1, horizontal=False)
    parts = [
        _frame((0, 1), (0, 1), "how sure the student says it is", "share that is right"),
        _line([(x(0), y(0)), (x(1), y(1))], "#9aa4ae", dash="5 4"),
    ]
    for at, (name, bins) in reversed(list(enumerate(series))):
        most = max((one.claims for one in bins), default=1)
        parts.append(_line([(x(b.confidence), y(b.right)) for b in bins], colour(at)))
        parts += [
            _dot(
                (x(one.confidence), y(one.right)),
                2.5 + 6 * sqrt(one.claims / most),
                colour(at),
                f"{name}: {one.claims} claims, {one.confidence:.0%} sure, {one.right:.0%} right",
            )
            for one in bins
        ]
    return _svg(_WIDTH, _HEIGHT, parts, "Reliability: confidence against share right")


def coverage_plot(series: Sequence[tuple[str, Sequence[Point]]]) -> Markup:
    """How often answers are right if only the surest are taken, against how many these are."""
    least = min((point.accuracy for _, points in series for point in points), default=0.0)
    low = next(floor for floor in _FLOORS if floor <= least)
    x, y = _axis(0, 1, horizontal=True), _axis(low, 1, horizontal=False)
    parts = [_frame((0, 1), (low, 1), "share of the questions that get an answer", "share right")]
    for at, (name, points) in reversed(list(enumerate(series))):
        placed = [(x(point.coverage), y(point.accuracy)) for point in points]
        parts.append(_line(placed, colour(at), 2.2))
        if points:
            last = points[-1]
            title = f"{name}: {last.coverage:.0%} answered, {last.accuracy:.0%} right"
            parts.append(_dot(placed[-1], 4, colour(at), title))
    return _svg(_WIDTH, _HEIGHT, parts, "Coverage against share right")


def interval_plot(rows: Sequence[tuple[str, Sequence[tuple[str, Estimate]]]]) -> Markup:
    """One group for each row: the value of each student as a dot, its interval as a line."""
    width = 940
    height = sum(_ROW * len(of) + _GAP for _, of in rows) + 34

    def x(value: float) -> float:
        return _LABEL + value * (width - _LABEL - 60)

    parts, top = [], 8.0
    for tick in range(0, 101, 20):
        at = x(tick / 100)
        parts.append(_line([(at, 4), (at, height - 24)], "#e3e8ed"))
        parts.append(_text((at, height - 8), f"{tick}\u00a0%", "middle"))
    for label, of in rows:
        middle = top + _ROW * len(of) / 2 + 4
        parts.append(_text((_LABEL - 12, middle), label, "end", size=12.5, fill="#1c2733"))
        for number, (name, estimate) in enumerate(of):
            level = top + _ROW * number + _ROW / 2
            if estimate.value is None or estimate.low is None or estimate.high is None:
                parts.append(_text((x(0) + 8, level + 4), "not measurable", fill=colour(number)))
                continue
            parts.append(
                _line([(x(estimate.low), level), (x(estimate.high), level)], colour(number), 3)
            )
            title = f"{name}: {estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"
            parts.append(_dot((x(estimate.value), level), 5, colour(number), title))
            parts.append(
                _text(
                    (x(1) + 14, level + 4),
                    _percent(estimate.value),
                    fill=colour(number),
                )
            )
        top += _ROW * len(of) + _GAP
    return _svg(width, height, parts, "Accuracy with intervals")


Place = tuple[float, float]


def _axis(low: float, high: float, *, horizontal: bool) -> Callable[[float], float]:
    def place(value: float) -> float:
        share = (value - low) / (high - low)
        if horizontal:
            return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    return place


def _frame(
    across: tuple[float, float], up: tuple[float, float], x_title: str, y_title: str
) -> Markup:
    x, y = _axis(*across, horizontal=True), _axis(*up, horizontal=False)
    parts = []
    for fifth in range(6):
        value = across[0] + (across[1] - across[0]) * fifth / 5
        parts.append(_line([(x(value), y(up[0])), (x(value), y(up[1]))], "#e3e8ed"))
        parts.append(_text((x(value), _HEIGHT - _BOTTOM + 16), _percent(value), "middle"))
        value = up[0] + (up[1] - up[0]) * fifth / 5
        parts.append(_line([(x(across[0]), y(value)), (x(across[1]), y(value))], "#e3e8ed"))
        parts.append(_text((_LEFT - 7, y(value) + 4), _percent(value), "end"))
    middle = (_HEIGHT - _BOTTOM + _TOP) / 2
    parts.append(_text((x(sum(across) / 2), _HEIGHT - 8), x_title, "middle", size=12.5))
    parts.append(
        Markup('<g transform="translate(13 {:.1f}) rotate(-90)">{}</g>').format(
            middle, _text((0, 0), y_title, "middle", size=12.5)
        )
    )
    return Markup("").join(parts)


def _percent(share: float) -> str:
    return f"{share * 100:.0f}\u00a0%"


def _svg(width: int, height: int, parts: Sequence[Markup], title: str) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>'
    ).format(width, height, title, Markup("").join(parts))


def _line(places: Sequence[Place], stroke: str, width: float = 1, dash: str = "none") -> Markup:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return Markup(
        '<polyline points="{}" fill="none" stroke="{}" stroke-width="{}" stroke-dasharray="{}"/>'
    ).format(points, stroke, width, dash)


def _dot(place: Place, radius: float, fill: str, title: str) -> Markup:
    return Markup(
        '<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" fill="{}" fill-opacity="0.85">'
        "<title>{}</title></circle>"
    ).format(*place, radius, fill, title)


def _text(
    place: Place, text: str, anchor: str = "start", size: float = 11.5, fill: str = "#5d6b78"
) -> Markup:
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="{}" fill="{}">{}</text>'
    ).format(*place, anchor, size, fill, text)
