"""A study as FHIR: ResearchStudy whose enrollment is a Group of what must hold.

A Group is one version of the criteria: a characteristic for each inclusion, for each exclusion
(`exclude`), and one for all risk factors together, of which at least one must be true.
"""

from __future__ import annotations

from typing import Any

from shared.criteria.expression import Compared
from shared.criteria.study import Criterion, CriterionKind, Study
from shared.fhir import ids, systems
from shared.fhir.client import Resource

RISK_FACTORS = "risk-factors"  # code of the characteristic that stands for all of them


def research_study(study: Study, *, active: bool) -> Resource:
    """Points to the Group of this version. A retired study is closed to accrual."""
    resource: Resource = {
        "resourceType": "ResearchStudy",
        "id": ids.research_study_id(study.id),
        "identifier": [{"system": systems.STUDY_IDENTIFIER, "value": study.id}],
        "title": study.title,
        "status": "active" if active else "closed-to-accrual",
        "enrollment": [{"reference": f"Group/{ids.group_id(study.id, study.version)}"}],
    }
    if study.description:
        resource["description"] = study.description
    return resource


def criteria_group(study: Study, *, active: bool) -> Resource:
    """active: false for versions that a newer one has replaced, and for a retired study."""
    characteristics = [
        _characteristic(study, criterion)
        for criterion in study.criteria
        if criterion.kind is not CriterionKind.RISK_FACTOR
    ]
    risk = [c.label for c in study.criteria if c.kind is CriterionKind.RISK_FACTOR]
    if risk:
        characteristics.append(
            {
                "code": _code(study, RISK_FACTORS, "At least one of: " + "; ".join(risk)),
                "valueBoolean": True,
                "exclude": False,
            }
        )
    return {
        "resourceType": "Group",
        "id": ids.group_id(study.id, study.version),
        "identifier": [
            {"system": systems.GROUP_IDENTIFIER, "value": f"{study.id}/{study.version}"}
        ],
        "active": active,
        "type": "person",
        "actual": False,
        "name": f"{study.title}, version {study.version}",
        "characteristic": characteristics,
    }


def _characteristic(study: Study, criterion: Criterion) -> dict[str, Any]:
    code = _code(study, criterion.id, criterion.label)
    if isinstance(criterion.when, Compared):
        question = study.question(criterion.when.question_id)
        code["coding"] += [coding.model_dump(exclude_none=True) for coding in question.codes]
        value = _limit(criterion.when)
    else:
        value = {"valueBoolean": True}
    return {"code": code, **value, "exclude": criterion.kind is CriterionKind.EXCLUSION}


def _limit(leaf: Compared) -> dict[str, Any]:
    comparison = leaf.compare
    low = _quantity(comparison.value, comparison.unit)
    if comparison.high is not None:
        return {"valueRange": {"low": low, "high": _quantity(comparison.high, comparison.unit)}}
    if comparison.operator == "=":
        return {"valueQuantity": low}
    return {"valueQuantity": {**low, "comparator": comparison.operator}}


def _quantity(value: float, unit: str) -> dict[str, Any]:
    number = int(value) if value.is_integer() else value
    return {"value": number, "unit": unit, "system": systems.UCUM, "code": unit}


def _code(study: Study, criterion_id: str, text: str) -> dict[str, Any]:
    return {
        "coding": [{"system": systems.CRITERIA, "code": f"{study.id}/{criterion_id}"}],
        "text": text,
    }
