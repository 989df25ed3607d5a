"""What a study must satisfy beyond its shape: every finding says where it is and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.criteria.expression import Asked, AtLeast, Combine, Compared, Node, children, leaves
from shared.criteria.question import AnswerType, Fact, Question
from shared.criteria.units import UnitError, convert

DEEPEST = 20
"""Levels of an expression; deeper ones could be written but not be read back from JSON."""


class Located(NamedTuple):
    """where: path into the study, as ("criteria", 3, "when")."""

    where: tuple[str | int, ...]
    message: str


class Inconsistent(ValueError):
    def __init__(self, found: Sequence[Located]) -> None:
        super().__init__("; ".join(item.message for item in found))
        self.found = tuple(found)


def inconsistencies(
    questions: Sequence[Question], criteria: Sequence[tuple[str, Node, Combine | None]]
) -> list[Located]:
    """criteria: id, expression and default combination of each."""
    known = {question.id: question for question in questions}
    found = list(_repeated("questions", [question.id for question in questions]))
    found += _repeated("criteria", [criterion_id for criterion_id, _, _ in criteria])
    for at, question in enumerate(questions):
        found += (Located(("questions", at, "fact"), text) for text in _fact_problems(question))
    for at, (criterion_id, when, combine) in enumerate(criteria):
        texts = [*_count_problems(when)]
        if _depth(when) > DEEPEST:
            texts.append(f"nested more than {DEEPEST} levels deep: write it flatter")
        for leaf in leaves(when):
            texts += _leaf_problems(leaf, known, combine)
        found += (
            Located(("criteria", at, "when"), f"criterion {criterion_id!r}: {text}")
            for text in texts
        )
    return found


def _repeated(part: str, ids: Sequence[str]) -> Iterator[Located]:
    for at, id in enumerate(ids):
        if id in ids[:at]:
            yield Located((part, at, "id"), f"{id!r} is there twice among the {part}: rename one")


def _fact_problems(question: Question) -> Iterator[str]:
    if question.fact is None:
        return
    wanted = AnswerType.NUMERIC if question.fact is Fact.AGE else AnswerType.BOOLEAN
    if question.type is not wanted:
        yield f"question {question.id!r}: the fact {question.fact.value!r} needs type {wanted}"
    elif question.unit is not None:
        try:
            convert(1, "a", question.unit)
        except UnitError as error:
            yield f"question {question.id!r}: the fact 'age' needs a unit of time. {error}"


def _count_problems(node: Node) -> Iterator[str]:
    if isinstance(node, AtLeast) and node.count > len(node.of):
        yield f"at-least {node.count} of {len(node.of)} can never hold: lower it or add to `of`"
    for child in children(node):
        yield from _count_problems(child)


def _depth(node: Node) -> int:
    return 1 + max((_depth(child) for child in children(node)), default=0)


def _leaf_problems(
    leaf: Asked | Compared, known: dict[str, Question], default: Combine | None
) -> Iterator[str]:
    question = known.get(leaf.question_id)
    if question is None:
        yield (
            f"there is no question {leaf.question_id!r}: add it to `questions`, or use one of "
            + ", ".join(known)
        )
    elif isinstance(leaf, Compared):
        if question.unit is None:
            yield f"{question.id!r} is a yes/no question: write its id without a comparison"
            return
        try:
            convert(leaf.compare.value, leaf.compare.unit, question.unit)
        except UnitError as error:
            yield str(error)
    elif question.type is AnswerType.NUMERIC:
        yield f"{question.id!r} is a number: compare it, as `{question.id} > 1 {question.unit}`"
    elif (leaf.combine or default) in (Combine.MIN, Combine.MAX):
        yield f"{question.id!r} is a yes/no question: combine its notes by `any` or `latest`"
