from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.students.encoder.numbers import candidates, in_unit


def values(text: str) -> list[float]:
    return [c.value for c in candidates(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BP 140/82", [140, 82]),
        ("platelets 318,000", [318000]),
        ("Cr .9", [0.9]),
        ("73F", [73]),
        ("EF 55-60%", [57.5]),
        ("ejection fraction 55 to 60 percent", [57.5]),
        ("sixty-two years old", [62]),
        ("forty pack years", [40]),
        ("Hgb 11.8, WBC 7.9.", [11.8, 7.9]),
        ("denies pain", []),
    ],
)
def test_reads_the_numbers_of_a_note_as_clinicians_write_them(text, expected):
    assert values(text) == expected


@given(st.text(max_size=300))
def test_every_candidate_lies_in_the_text_in_order_without_overlap(text):
    found = candidates(text)
    assert all(0 <= c.start < c.end <= len(text) for c in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


@given(st.decimals(min_value=0, max_value=9999, places=2))
def test_a_number_set_between_words_is_found_with_its_value(number):
    assert values(f"value of {number} today") == [float(number)]


@pytest.mark.parametrize(
    ("text", "unit", "question", "expected"),
    [
        ("platelets 318,000", "10*3/uL", "", 318),
        ("plt 318", "10*3/uL", "", 318),
        ("weight 176 lbs", "kg", "", 79.8323),
        ("weight 80 kg", "kg", "", 80),
        ("creatinine 133 umol/L", "mg/dL", "most recent serum creatinine", 1.5),
        ("creatinine 1.3 mg/dL", "mg/dL", "most recent serum creatinine", 1.3),
        ("EBL 1.5 L", "mL", "", 1500),
        ("for 2 weeks", "d", "", 14),
    ],
)
def test_a_value_is_given_in_the_unit_of_the_question(text, unit, question, expected):
    (candidate,) = candidates(text)
    assert in_unit(candidate, text, unit, question) == pytest.approx(expected)
