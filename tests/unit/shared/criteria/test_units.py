from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.units import UnitError, convert


@pytest.mark.parametrize(
    ("number", "unit", "into", "expected"),
    [
        (2.5, "mg/dL", "mg/L", 25.0),
        (100, "10*3/uL", "/uL", 100_000),
        (100, "10*3/uL", "10*9/L", 100),
        (80, "U/L", "mU/mL", 80),
        (18, "a", "mo", 216),
        (120, "mm[Hg]", "kPa", 15.99868),
        (37, "Cel", "[degF]", 98.6),
        (1.73, "m2", "cm2", 17_300),
        (60, "mL/min", "L/h", 3.6),
        (5, "ng/mL", "ug/L{free}", 5),
        (10, "[IU]/L", "m[IU]/mL", 10),
        (0.5, "1", "%", 50),
    ],
)
def test_units_of_one_dimension_convert(
    number: float, unit: str, into: str, expected: float
) -> None:
    assert convert(number, unit, into) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("unit", "into"), [("umol/L", "mg/dL"), ("mg/dL", "%"), ("U/L", "[IU]/L"), ("a", "mm[Hg]")]
)
def test_other_dimensions_are_refused_with_the_cure(unit: str, into: str) -> None:
    with pytest.raises(UnitError, match="give the limit in"):
        convert(1, unit, into)


@given(st.text(max_size=12))
def test_any_text_for_a_unit_gives_a_number_or_a_unit_error(unit: str) -> None:
    try:
        assert isinstance(convert(1.0, unit, "mg/dL"), float)
    except UnitError as error:
        assert "mg/dL" in str(error)


def test_the_same_unit_needs_no_understanding() -> None:
    assert convert(3.0, "[arb'U]/mL", "[arb'U]/mL") == 3.0
