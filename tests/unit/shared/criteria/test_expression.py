from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.criteria.expression import (
    All,
    Asked,
    AtLeast,
    Combine,
    Compared,
    Comparison,
    Expression,
    Not,
    Unless,
    leaves,
    parse_comparison,
)

expression: TypeAdapter[Any] = TypeAdapter(Expression)


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("creatinine > 2.5 mg/dL", Comparison("creatinine", ">", 2.5, "mg/dL")),
        ("age>=18 a", Comparison("age", ">=", 18, "a")),
        ("platelets < 100 10*3/uL", Comparison("platelets", "<", 100, "10*3/uL")),
        ("lvef<=40%", Comparison("lvef", "<=", 40, "%")),
        ("hba1c in 6.5..9.5 %", Comparison("hba1c", "in", 6.5, "%", 9.5)),
        ("base-excess = -2 mmol/L", Comparison("base-excess", "=", -2, "mmol/L")),
    ],
)
def test_comparisons_are_read(text: str, comparison: Comparison) -> None:
    assert parse_comparison(text) == comparison


@pytest.mark.parametrize(
    "text",
    [
        "creatinine > 2.5",
        "> 2 mg/dL",
        "a ? 2 mg",
        "a in 9..6 %",
        "a != 2 %",
        "a > x %",
        "a > 1e3 %",
        "a > " + "9" * 400 + " %",
    ],
)
def test_a_comparison_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no comparison|range is empty"):
        parse_comparison(text)


ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,8}", fullmatch=True)


limits = st.decimals(-(10**11), 10**11, places=4).map(float)


@given(ids, st.sampled_from(["<", "<=", ">", ">=", "="]), limits)
def test_a_comparison_reads_back_as_it_is_written(id: str, operator: Any, limit: float) -> None:
    comparison = Comparison(id, operator, limit, "mg/dL")

    assert parse_comparison(str(comparison)) == comparison


def test_a_bare_id_is_a_question_and_anything_else_a_comparison() -> None:
    assert expression.validate_python("mi") == Asked(question="mi")
    assert isinstance(expression.validate_python("cr > 2 mg/dL"), Compared)


def test_the_forms_nest() -> None:
    read = expression.validate_python(
        {
            "all": [
                "mi",
                {"not": "bleed"},
                {"at-least": 1, "of": ["a", {"holds": "b", "unless": "c"}]},
            ]
        }
    )

    assert isinstance(read, All)
    assert isinstance(read.all[1], Not)
    assert isinstance(read.all[2], AtLeast)
    assert isinstance(read.all[2].of[1], Unless)
    assert [leaf.question_id for leaf in leaves(read)] == ["mi", "bleed", "a", "b", "c"]


def test_a_leaf_takes_window_combination_and_meaning_of_na() -> None:
    leaf = expression.validate_python(
        {"question": "mi", "within": "6 months", "combine": "latest", "na": False}
    )

    assert (str(leaf.within), leaf.combine, leaf.na) == ("P6M", Combine.LATEST, "No")


@pytest.mark.parametrize(
    "raw", [{}, {"nt": "a"}, 7, None, ["a"], {"any": []}, {"all": ["a"], "x": 1}]
)
def test_other_shapes_are_refused(raw: object) -> None:
    with pytest.raises(ValidationError):
        expression.validate_python(raw)


leaf_forms = st.one_of(
    ids,
    st.builds(lambda id: {"question": id, "na": "No", "within": "P6M"}, ids),
    st.builds(lambda id: f"{id} > 2.5 mg/dL", ids),
)
forms = st.recursive(
    leaf_forms,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda one, two: {"at-least": 1, "of": [one, two]}, inner, inner),
        st.builds(lambda one, two: {"holds": one, "unless": two}, inner, inner),
    ),
    max_leaves=8,
)


@given(forms)
def test_every_expression_survives_json(form: Any) -> None:
    read = expression.validate_python(form)

    assert expression.validate_json(expression.dump_json(read, exclude_none=True)) == read
