from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.problems import StudyError
from shared.criteria.study import Study, check_study, load_study, parse_study

Build = Callable[[str], Study]


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("foo", "there is no question 'foo': add it"),
        ("{any: [mi, {not: foo}]}", "there is no question 'foo'"),
        ("creatinine", "'creatinine' is a number: compare it, as `creatinine > 1 mg/dL`"),
        ("mi > 2 a", "'mi' is a yes/no question: write its id without a comparison"),
        ("creatinine > 200 umol/L", "give the limit in 'mg/dL'"),
        ("creatinine > 2 mgg/dL", "'mgg/dL' is not a unit that ChartSift can convert"),
        ("creatinine > 2", "is no comparison"),
        ("{question: mi, combine: max}", "combine its notes by `any` or `latest`"),
        ("{question: mi, within: 6 moons}", "write `6 months`"),
        ("{at-least: 3, of: [mi, bleed]}", "can never hold"),
        ("{not: " * 20 + "mi" + "}" * 20, "nested more than 20 levels deep"),
        ("{any: []}", "at least 1 item"),
        ("{nt: mi}", "not an expression"),
        ("{question: mi, wihtin: P6M}", "correct its spelling"),
    ],
)
def test_a_criterion_that_cannot_work_is_refused_with_line_field_and_cure(
    study_with: Build, when: str, told: str
) -> None:
    with pytest.raises(StudyError) as refused:
        study_with(when)

    (problem,) = refused.value.problems
    assert problem.line == 13
    assert problem.field.startswith("criteria[0].when")
    assert told in problem.message


def test_a_limit_in_another_unit_of_the_same_dimension_is_accepted(study_with: Build) -> None:
    assert study_with("creatinine > 25 mg/L").criterion("c")
    assert study_with("platelets < 100000 /uL").criterion("c")
    assert study_with("age >= 216 mo").criterion("c")


def test_all_problems_are_told_at_once(study_with: Build) -> None:
    with pytest.raises(StudyError) as refused:
        study_with("{all: [foo, creatinine, mi > 1 a]}")

    assert len(refused.value.problems) == 3


def test_ids_that_are_there_twice_are_refused() -> None:
    twice = {"id": "q", "type": "boolean", "text": "?"}
    criterion = {"id": "c", "kind": "inclusion", "when": "q"}

    with pytest.raises(StudyError) as refused:
        check_study(
            {"id": "x", "title": "T", "questions": [twice] * 2, "criteria": [criterion] * 2}
        )

    assert [p.field for p in refused.value.problems] == ["questions[1].id", "criteria[1].id"]


def test_a_fact_needs_a_question_of_its_type() -> None:
    wrong = {"id": "q", "type": "boolean", "text": "?", "fact": "age"}

    with pytest.raises(StudyError, match="needs type numeric"):
        check_study(
            {
                "id": "x",
                "title": "T",
                "questions": [wrong],
                "criteria": [{"id": "c", "kind": "inclusion", "when": "q"}],
            }
        )


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", 1, "empty"),
        ("- a\n- b", 1, "not a mapping"),
        ("id: x\ntitle: [", 2, "not valid YAML"),
        ("id: x\nid: y", 2, "is there twice"),
        ("id: &a x\ntitle: *a", 1, "anchors and aliases"),
        ("id: x\ntitle: T\nquestions: []\ncriteria: []", 3, "at least 1 item"),
        ("id: x\ntitle: T\n", 1, "missing: add it"),
        ("id: x\ntilte: T\n", 2, "correct its spelling"),
        ("id: \0", None, "not valid YAML"),
    ],
)
def test_yaml_that_is_no_study_is_refused_by_line(text: str, line: int | None, told: str) -> None:
    with pytest.raises(StudyError) as refused:
        parse_study(text)

    assert any(p.line == line and told in p.message for p in refused.value.problems)


@given(st.text(alphabet="aid:{}[]&*!- \n'\"x1|>%@", max_size=60))
def test_any_text_is_a_study_or_a_study_error(text: str) -> None:
    with pytest.raises(StudyError):
        parse_study(text)


def test_a_file_is_named_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"id: \xff")

    with pytest.raises(StudyError, match=r"mine.yaml:\n.*save it as UTF-8"):
        load_study(path)


def test_a_study_survives_json(study_with: Build) -> None:
    study = study_with("{at-least: 1, of: [mi, {question: bleed, within: 6 months, na: No}]}")

    assert Study.model_validate_json(study.model_dump_json(exclude_none=True)) == study


def test_questions_carry_the_study_in_their_key(study_with: Build) -> None:
    assert study_with("mi").question("creatinine").key == "x/creatinine"
