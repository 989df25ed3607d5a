"""Walking an expression: the value of each leaf in, the value of the whole and its grounds out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.criteria.expression import (
    All,
    AnyOf,
    Asked,
    AtLeast,
    Compared,
    Expression,
    Not,
    Unless,
)
from shared.criteria.kleene import Kleene, at_least, conjunction, disjunction, negation, unless

Evidence = TypeVar("Evidence")


@dataclass(frozen=True)
class Finding(Generic[Evidence]):
    """evidence: what the value rests on; for unknown, what is open. reasons: the same in words."""

    value: Kleene
    evidence: tuple[Evidence, ...] = ()
    reasons: tuple[str, ...] = ()


def judge(
    expression: Expression, leaf: Callable[[Asked | Compared], Finding[Evidence]]
) -> Finding[Evidence]:
    """The grounds of the whole are those of the parts that made it so."""

    def parts(expressions: Sequence[Expression]) -> list[Finding[Evidence]]:
        return [judge(part, leaf) for part in expressions]

    match expression:
        case Asked() | Compared():
            return leaf(expression)
        case Not(negated=inner):
            found = judge(inner, leaf)
            return Finding(negation(found.value), found.evidence, found.reasons)
        case All(all=inner_all):
            found_all = parts(inner_all)
            return _grounded(conjunction([f.value for f in found_all]), found_all)
        case AnyOf(any=inner_any):
            found_any = parts(inner_any)
            return _grounded(disjunction([f.value for f in found_any]), found_any)
        case AtLeast(count=count, of=inner_of):
            found_of = parts(inner_of)
            return _grounded(at_least(count, [f.value for f in found_of]), found_of)
        case Unless(holds=main, unless=bar):
            holds, barred = judge(main, leaf), judge(bar, leaf)
            value = unless(holds.value, barred.value)
            decisive = barred if barred.value is True else holds
            return Finding(value, decisive.evidence, decisive.reasons)


def _grounded(value: Kleene, parts: Sequence[Finding[Evidence]]) -> Finding[Evidence]:
    decisive = [part for part in parts if part.value is value]
    return Finding(
        value,
        _each_once(item for part in decisive for item in part.evidence),
        _each_once(reason for part in decisive for reason in part.reasons),
    )


Item = TypeVar("Item")


def _each_once(items: Iterable[Item]) -> tuple[Item, ...]:
    kept: list[Item] = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return tuple(kept)
