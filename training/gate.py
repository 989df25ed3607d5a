"""The gate: whether a candidate may take the place of the student in service. Pure.

Both must have answered the same questions on the same notes; what is compared is the paired
difference between them, with its bootstrap interval (training.evaluate.bootstrap).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.evaluate.bootstrap import Estimate, estimate, estimate_difference
from training.evaluate.report import Measured
from training.evaluate.scoring import Metric, Pair, by_patient, count_by

SHIPPED_RULES = Path(__file__).with_name("gate.yaml")

Rate = Annotated[float, Field(ge=0, le=1)]


class GateError(ValueError):
    """The two cannot be compared, or the rules cannot be read."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Better(StrEnum):
    """INTERVAL: the lower bound of the difference lies above 0. MARGIN: the difference itself
    lies above `margin`, whatever its interval."""

    INTERVAL = "interval"
    MARGIN = "margin"


class MainRule(_Frozen):
    metric: Metric
    better: Better = Better.INTERVAL
    margin: Rate = 0.0


class GateRules(_Frozen):
    """main: must be better. guarded: must not be worse than this tolerance, beyond the interval:
    the upper bound of the difference is at least -tolerance. floors: least values, the only ones
    that count for the first student."""

    main: MainRule
    guarded: dict[Metric, Rate] = {}
    floors: dict[Metric, Rate] = {}


class Role(StrEnum):
    MAIN = "main"
    GUARDED = "guarded"
    FLOOR = "floor"


class Row(_Frozen):
    """One rule applied. difference: candidate above in_service, paired; None for a floor.
    threshold: what the bound, the difference or the value is compared with."""

    role: Role
    metric: Metric
    passed: bool
    candidate: float | None
    in_service: float | None = None
    difference: Estimate | None = None
    threshold: float
    reason: str


class Decision(_Frozen):
    """candidate, in_service: versions; in_service None: no student was in service."""

    promote: bool
    candidate: str
    in_service: str | None
    notes: int
    pairs: int
    reasons: tuple[str, ...]
    rows: tuple[Row, ...] = ()

    def __str__(self) -> str:
        against = self.in_service or "no student in service"
        verdict = "promote" if self.promote else "do not promote"
        head = f"{self.candidate} against {against} on {self.notes} notes, {self.pairs} pairs"
        return "\n".join([f"{head}: {verdict}", *(f"- {reason}" for reason in self.reasons)])


def decide(
    candidate: Measured,
    in_service: Measured | None,
    rules: GateRules,
    unit: Callable[[Pair], str] = by_patient,
) -> Decision:
    """What the rules say. unit: what is resampled together.

    Raises GateError: other notes, other questions or another key, or nothing was measured.
    """
    pairs = _in_order(candidate)
    if not pairs:
        raise GateError(f"{candidate.version} was measured on nothing")
    rows = [_floor(metric, least, pairs, unit) for metric, least in rules.floors.items()]
    if in_service is not None:
        others = _in_order(in_service)
        _require_same(pairs, others)
        rows = [*_compared(pairs, others, rules, unit), *rows]
    passed = all(row.passed for row in rows)
    reasons = [row.reason for row in rows]
    if in_service is not None and in_service.version == candidate.version:
        passed, reasons = False, [f"{candidate.version} is in service already", *reasons]
    return Decision(
        promote=passed,
        candidate=candidate.version,
        in_service=None if in_service is None else in_service.version,
        notes=len({pair.note for pair in pairs}),
        pairs=len(pairs),
        reasons=tuple(reasons),
        rows=tuple(rows),
    )


def read_rules(file: Path = SHIPPED_RULES) -> GateRules:
    """Raises GateError: no such file, no YAML, or rules that are none."""
    try:
        return GateRules.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
        raise GateError(f"{file}: {faults}") from None
    except (OSError, yaml.YAMLError) as error:
        raise GateError(f"{file}: {error}") from None


def _compared(
    pairs: list[Pair], others: list[Pair], rules: GateRules, unit: Callable[[Pair], str]
) -> list[Row]:
    counts, other_counts = count_by(pairs, unit), count_by(others, unit)
    values, other_values = estimate(counts), estimate(other_counts)
    differences = estimate_difference(counts, other_counts)

    def row(role: Role, metric: Metric, threshold: float, judged: tuple[bool, str]) -> Row:
        value, other = values[metric].value, other_values[metric].value
        passed, why = judged
        return Row(
            role=role,
            metric=metric,
            passed=passed,
            candidate=value,
            in_service=other,
            difference=differences[metric],
            threshold=threshold,
            reason=f"{metric}: {_figure(value)} against {_figure(other)}"
            f"{_signed(differences[metric])}: {why}",
        )

    main = rules.main
    return [
        row(
            Role.MAIN,
            main.metric,
            main.margin if main.better is Better.MARGIN else 0.0,
            _is_better(main, differences[main.metric]),
        ),
        *(
            row(
                Role.GUARDED,
                metric,
                -tolerance,
                _is_kept(tolerance, values[metric], other_values[metric], differences[metric]),
            )
            for metric, tolerance in rules.guarded.items()
        ),
    ]


def _is_better(rule: MainRule, difference: Estimate) -> tuple[bool, str]:
    if difference.value is None or difference.low is None:
        return False, "cannot be measured on these notes, so it is not shown to be better"
    if rule.better is Better.MARGIN:
        passed = difference.value > rule.margin
        need = f"the difference must lie above {rule.margin:+.3f}"
    else:
        passed = difference.low > 0
        need = "the lower bound must lie above 0"
    return passed, f"{'better' if passed else 'not shown to be better'} ({need})"


def _is_kept(
    tolerance: float, value: Estimate, other: Estimate, difference: Estimate
) -> tuple[bool, str]:
    if other.value is None:
        return True, "cannot be measured for the student in service, so nothing is lost"
    if value.value is None or difference.high is None:
        return False, "can no longer be measured, which counts as worse"
    passed = difference.high >= -tolerance
    words = "not worse beyond the interval" if passed else "worse"
    return passed, f"{words} (the upper bound must be at least {-tolerance:+.3f})"


def _floor(metric: Metric, least: float, pairs: list[Pair], unit: Callable[[Pair], str]) -> Row:
    value = estimate(count_by(pairs, unit))[metric].value
    passed = value is not None and value >= least
    if value is None:
        why = "cannot be measured on these notes, so the floor is not shown to be reached"
    else:
        why = f"{'reaches' if passed else 'stays below'} the floor of {least:.3f}"
    return Row(
        role=Role.FLOOR,
        metric=metric,
        passed=passed,
        candidate=value,
        threshold=least,
        reason=f"{metric}: {_figure(value)} {why}",
    )


def _in_order(measured: Measured) -> list[Pair]:
    """Raises GateError: a question answered twice on one note."""
    pairs = sorted(measured.pairs, key=_place)
    for one, following in pairwise(pairs):
        if _place(one) == _place(following):
            raise GateError(f"{measured.version} answered {one.question} on {one.note} twice")
    return pairs


def _require_same(pairs: list[Pair], others: list[Pair]) -> None:
    places, other_places = {_place(pair) for pair in pairs}, {_place(pair) for pair in others}
    if places != other_places:
        note, question = min(places ^ other_places)
        raise GateError(
            f"the two students did not answer the same: {len(places)} and {len(other_places)} "
            f"pairs, and only one of them {question} on {note}. Measure both on the same notes"
        )
    for pair, other in zip(pairs, others, strict=True):
        if (pair.type, pair.expected) != (other.type, other.expected):
            raise GateError(
                f"the two students were measured by different keys: {pair.question} on {pair.note}"
            )


def _place(pair: Pair) -> tuple[str, str]:
    return pair.note, pair.question


def _figure(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.3f}"


def _signed(difference: Estimate) -> str:
    if difference.value is None:
        return ""
    return f", {difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"
