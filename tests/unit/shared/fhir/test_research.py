from __future__ import annotations

from typing import Any

import pytest

from shared.criteria.shipped import shipped_studies
from shared.criteria.study import Study, check_study
from shared.fhir.research import criteria_group, research_study
from shared.fhir.rules import check


def study(*criteria: dict[str, Any]) -> Study:
    return check_study(
        {
            "id": "x",
            "version": 3,
            "title": "T",
            "questions": [
                {"id": "af", "type": "boolean", "text": "AF?"},
                {
                    "id": "cr",
                    "type": "numeric",
                    "unit": "mg/dL",
                    "text": "Creatinine?",
                    "codes": [{"system": "http://loinc.org", "code": "2160-0"}],
                },
            ],
            "criteria": list(criteria),
        }
    )


def characteristics(*criteria: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = criteria_group(study(*criteria), active=True)["characteristic"]
    return found


@pytest.mark.parametrize("shipped", shipped_studies(), ids=lambda study: study.id)
@pytest.mark.parametrize("active", [True, False])
def test_published_shipped_studies_are_valid_r4(shipped: Study, active: bool) -> None:
    assert check(research_study(shipped, active=active)) == []
    assert check(criteria_group(shipped, active=active)) == []


def test_the_study_points_to_the_group_of_its_version() -> None:
    one = study({"id": "af", "kind": "inclusion", "when": "af"})
    newer = one.model_copy(update={"version": 4})

    group, newer_group = criteria_group(one, active=True), criteria_group(newer, active=True)

    assert research_study(one, active=True)["id"] == research_study(newer, active=True)["id"]
    assert group["id"] != newer_group["id"]
    assert research_study(newer, active=True)["enrollment"] == [
        {"reference": f"Group/{newer_group['id']}"}
    ]


def test_inclusions_must_hold_and_exclusions_must_not() -> None:
    included, excluded = characteristics(
        {"id": "af", "kind": "inclusion", "text": "AF", "when": "af"},
        {"id": "no-af", "kind": "exclusion", "when": {"not": "af"}},
    )

    assert (included["valueBoolean"], included["exclude"]) == (True, False)
    assert (excluded["valueBoolean"], excluded["exclude"]) == (True, True)
    assert included["code"]["text"] == "AF"
    assert excluded["code"]["coding"][0]["code"] == "x/no-af"


@pytest.mark.parametrize(
    ("when", "value"),
    [
        (
            "cr > 2.5 mg/dL",
            {
                "valueQuantity": {
                    "value": 2.5,
                    "comparator": ">",
                    "unit": "mg/dL",
                    "system": "http://unitsofmeasure.org",
                    "code": "mg/dL",
                }
            },
        ),
        (
            "cr = 2 mg/dL",
            {
                "valueQuantity": {
                    "value": 2,
                    "unit": "mg/dL",
                    "system": "http://unitsofmeasure.org",
                    "code": "mg/dL",
                }
            },
        ),
    ],
)
def test_a_number_is_a_quantity_with_its_comparator(when: str, value: dict[str, Any]) -> None:
    (found,) = characteristics({"id": "cr", "kind": "exclusion", "when": when})

    assert found.items() >= value.items()
    assert {"system": "http://loinc.org", "code": "2160-0"} in found["code"]["coding"]


def test_a_range_has_both_ends() -> None:
    (found,) = characteristics({"id": "cr", "kind": "inclusion", "when": "cr in 0..2 mg/dL"})

    assert (found["valueRange"]["low"]["value"], found["valueRange"]["high"]["value"]) == (0, 2)


def test_risk_factors_are_one_characteristic_of_which_one_must_hold() -> None:
    (found,) = characteristics(
        {"id": "af", "kind": "risk-factor", "text": "AF", "when": "af"},
        {"id": "cr", "kind": "risk-factor", "text": "Kidneys", "when": "cr > 2 mg/dL"},
    )

    assert found["code"]["text"] == "At least one of: AF; Kidneys"
    assert (found["valueBoolean"], found["exclude"]) == (True, False)
