"""How probable the chosen answer was among the possible ones. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shared.criteria.question import AnswerType
from shared.students.decoder.values import begun, meaning

_EDGE = 1e-6


@dataclass(frozen=True)
class Step:
    """One token of a reply. options: tokens that might have stood there, each with its
    log-probability; the chosen one among them."""

    token: str
    options: Sequence[tuple[str, float]]


def certainty(type: AnswerType, steps: Sequence[Step], lead: str = "") -> float:
    """Probability, 0 to 1, of the value that the tokens spell, each among the options with which
    a value goes on. Options that come to the same value count together.

    steps: from the token in which the value, or the lead, begins to the one in which the value
    ends. lead: what stands between the beginning of the first token and the value.
    """
    probability, before = 1.0, ""
    for step in steps:
        weights: dict[str, float] = {}
        for token, logprob in step.options:
            if (value := _value(type, before + token, lead)) is not None:
                weights[value] = weights.get(value, 0.0) + math.exp(logprob)
        before += step.token
        chosen = _value(type, before, lead)
        total = sum(weights.values())
        if chosen is None or not total:
            return 0.0
        probability *= weights.get(chosen, 0.0) / total
    return min(probability, 1.0)


def _value(type: AnswerType, text: str, lead: str) -> str | None:
    """What a text comes to; None where no value can begin so."""
    if lead.startswith(text):
        return ""
    value = text.removeprefix(lead)
    possible = text.startswith(lead) and begun(type, value)
    return meaning(type, value) if possible else None


def cooled(confidence: float, temperature: float) -> float:
    """The confidence with its log-odds divided by the temperature (Guo et al. 2017, for one
    answer against all others): above 1 it moves towards a half."""
    if temperature == 1:
        return confidence
    inside = min(max(confidence, _EDGE), 1 - _EDGE)
    return 1 / (1 + math.exp(-math.log(inside / (1 - inside)) / temperature))
