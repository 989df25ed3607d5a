"""The expression of a criterion: a tree over questions, read from YAML or JSON.

mi                                              a yes/no question
creatinine > 2.5 mg/dL                          a number compared: < <= > >= =
hba1c in 6.5..9.5 %                             both ends included
{question: bleed, within: 6 months, combine: any, na: "No"}
{compare: creatinine > 2.5 mg/dL, combine: max}
{all: [...]}, {any: [...]}, {not: ...}, {at-least: 2, of: [...]}
{holds: ..., unless: ...}                       holds, but false where the exception is shown
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from shared.criteria.window import Within

QUESTION_ID = r"[A-Za-z0-9][A-Za-z0-9.-]*"
_NUMBER = r"-?\d{1,12}(?:\.\d{1,12})?(?!\d)"
_COMPARISON = re.compile(
    rf"\s*(?P<question>{QUESTION_ID})"
    rf"(?:\s*(?P<operator><=|>=|<|>|=)\s*(?P<value>{_NUMBER})"
    rf"|\s+in\s+(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER}))"
    r"(?:\s+|(?=[^\d.\s]))(?P<unit>\S+)\s*"
)


class Combine(StrEnum):
    """How the answers of several notes become one.

    ANY: true if true in one note (history). LATEST: the newest note that answers.
    MIN, MAX: the lowest, highest number of all notes.
    """

    ANY = "any"
    LATEST = "latest"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True)
class Comparison:
    """A number question against a limit; operator `in` has both `value` and `high`."""

    question: str
    operator: Literal["<", "<=", ">", ">=", "=", "in"]
    value: float
    unit: str
    high: float | None = None

    def __str__(self) -> str:
        limit = plain(self.value)
        if self.high is not None:
            limit = f"{limit}..{plain(self.high)}"
        return f"{self.question} {self.operator} {limit} {self.unit}"


def plain(number: float) -> str:
    """Without exponent and needless zeros: 1500000, 2.5."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


def parse_comparison(text: Any) -> Comparison:
    """Raises ValueError with the forms that are understood."""
    if isinstance(text, Comparison):
        return text
    match = _COMPARISON.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(
            f"{text!r} is no comparison: write a question id, one of < <= > >= =, a number and a "
            "UCUM unit, as `creatinine > 2.5 mg/dL`, or a range, as `hba1c in 6.5..9.5 %`"
        )
    question, unit = match["question"], match["unit"]
    if match["low"] is None:
        operator: Any = match["operator"]
        return Comparison(question, operator, float(match["value"]), unit)
    low, high = float(match["low"]), float(match["high"])
    if low > high:
        raise ValueError(f"{text!r}: the range is empty, write the lower end first")
    return Comparison(question, "in", low, unit, high)


def _yaml_bool(raw: Any) -> Any:
    """YAML 1.1 reads a bare No as false."""
    return {True: "Yes", False: "No"}[raw] if isinstance(raw, bool) else raw


class Node(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )


class Leaf(Node):
    """within: what older notes say happened, and their numbers, no longer count; their No does.
    combine: default `any` for yes/no, `latest` for numbers, unless the criterion says otherwise.
    na: what it means that no note answers; without it, unknown."""

    within: Within | None = None
    combine: Combine | None = None
    na: Annotated[Literal["Yes", "No"] | None, BeforeValidator(_yaml_bool)] = None


class Asked(Leaf):
    question: str

    @property
    def question_id(self) -> str:
        return self.question


class Compared(Leaf):
    compare: Annotated[
        Comparison,
        PlainValidator(parse_comparison),
        PlainSerializer(str, return_type=str),
        WithJsonSchema({"type": "string", "examples": ["creatinine > 2.5 mg/dL"]}),
    ]

    @property
    def question_id(self) -> str:
        return self.compare.question


class All(Node):
    all: tuple[Expression, ...] = Field(min_length=1)


class AnyOf(Node):
    any: tuple[Expression, ...] = Field(min_length=1)


class Not(Node):
    negated: Expression = Field(alias="not")


class AtLeast(Node):
    count: int = Field(alias="at-least", ge=1)
    of: tuple[Expression, ...] = Field(min_length=1)


class Unless(Node):
    holds: Expression
    unless: Expression


_NODES: dict[str, type[Node]] = {
    "question": Asked,
    "compare": Compared,
    "all": All,
    "any": AnyOf,
    "not": Not,
    "at-least": AtLeast,
    "holds": Unless,
}


def _spelled_out(raw: Any) -> Any:
    if not isinstance(raw, str):
        return raw
    return {"question": raw} if re.fullmatch(QUESTION_ID, raw) else {"compare": raw}


def _tag(raw: Any) -> str | None:
    if isinstance(raw, Mapping):
        return next((key for key in _NODES if key in raw), None)
    return next((key for key, node in _NODES.items() if type(raw) is node), None)


Expression = Annotated[
    Annotated[Asked, Tag("question")]
    | Annotated[Compared, Tag("compare")]
    | Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[AtLeast, Tag("at-least")]
    | Annotated[Unless, Tag("holds")],
    Discriminator(
        _tag,
        custom_error_type="expression",
        custom_error_message="not an expression: write a question id, a comparison such as "
        "`creatinine > 2.5 mg/dL`, or a mapping with one of question, compare, all, any, not, "
        "at-least (with of), holds (with unless)",
    ),
    BeforeValidator(_spelled_out),
]

for _node in (All, AnyOf, Not, AtLeast, Unless):
    _node.model_rebuild()


def children(expression: Node) -> tuple[Expression, ...]:
    match expression:
        case All(all=parts) | AnyOf(any=parts) | AtLeast(of=parts):
            return parts
        case Not(negated=part):
            return (part,)
        case Unless(holds=part, unless=bar):
            return (part, bar)
    return ()


def leaves(expression: Node) -> Iterator[Asked | Compared]:
    """Every question or comparison of the expression, from left to right."""
    if isinstance(expression, (Asked, Compared)):
        yield expression
    for child in children(expression):
        yield from leaves(child)
