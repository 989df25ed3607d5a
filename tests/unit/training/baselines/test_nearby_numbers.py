"""Numbers near a keyword."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.baselines.nearby_numbers import age, near, pressure


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("KEY 1.2 mg/dL", "mg/dL", 1.2),
        ("KEY was 1.2 today", "mg/dL", 1.2),
        ("KEY: .8", "mg/dL", 0.8),
        ("KEY 187,000", "10*3/uL", 187.0),
        ("KEY 187,000/uL", "10*3/uL", 187.0),
        ("KEY 187 K/uL", "10*3/uL", 187.0),
        ("KEY (11/20) 1.8", "mg/dL", 1.8),
        ("KEY 8 mm", "cm", 0.8),
        ("40 KEY", "{pack-years}", 40.0),
        ("KEY 25 mg daily", "mg/dL", None),
        ("KEY 5", "mg", None),
        ("KEY on 3/4/2020", "mg/dL", None),
        ("KEY normal. Sodium 140", "mg/dL", None),
        ("KEY pending", "mg/dL", None),
    ],
)
def test_the_value_is_read_in_the_unit_asked_for(text: str, unit: str, value: float | None) -> None:
    at = text.index("KEY")
    found = near(text, at, at + 3, unit)
    assert (found and found.value) == value


@pytest.mark.parametrize(("systolic", "value"), [(True, 130.0), (False, 80.0)])
def test_a_blood_pressure_has_two_sides(systolic: bool, value: float) -> None:
    found = pressure("BP: 130/80 sitting", 2, systolic=systolic)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A 67-year-old man", 67.0),
        ("67 yo woman, mother died at 80 years old", 67.0),
        ("67 y/o", 67.0),
        ("Age: 67", 67.0),
        ("67F with", 67.0),
        ("smoked for 30 years", None),
    ],
)
def test_an_age_is_read_in_the_forms_of_notes(text: str, value: float | None) -> None:
    found = age(text)
    assert (found and found.value) == value


@given(st.text(alphabet="KEY 0123456789.,/-()mgdLk%\n", max_size=80), st.integers(0, 80))
def test_the_place_found_is_a_number_of_the_text(text: str, at: int) -> None:
    found = near(text, min(at, len(text)), min(at, len(text)), "mg/dL")
    if found is not None:
        assert float(text[found.start : found.end].replace(",", "")) == found.value
