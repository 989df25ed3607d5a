from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.criteria.study import Study, parse_study

QUESTIONS = """
id: x
title: A study
questions:
  - {id: mi, type: boolean, text: "Infarction?"}
  - {id: bleed, type: boolean, text: "Bleeding?"}
  - {id: creatinine, type: numeric, unit: mg/dL, text: "Creatinine?"}
  - {id: platelets, type: numeric, unit: 10*3/uL, text: "Platelets?"}
  - {id: age, type: numeric, unit: a, text: "Age?", fact: age}
criteria:
  - id: c
    kind: exclusion
    when: WHEN
"""


@pytest.fixture
def study_with() -> Callable[[str], Study]:
    """A study whose one criterion, on line 13, is what is given."""

    def build(when: str) -> Study:
        return parse_study(QUESTIONS.replace("WHEN", when))

    return build
