"""Whose word an Observation is."""

from __future__ import annotations

from typing import Any

import pytest

from services.retrain.corrections.person import is_persons

OBSERVATION = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "meta": {"versionId": "2", "lastUpdated": "2026-11-25T10:00:00.000Z"},
}
PERSON = {"reference": "Practitioner/p1"}
MACHINE = {"reference": "Device/encoder"}


def provenance(
    who: dict[str, Any], stored: str = "2026-11-25T09:00:00.000Z", target: str = "Observation/o1"
) -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "meta": {"lastUpdated": stored},
        "agent": [{"who": who}],
    }


LATER = "2026-11-25T10:00:00.000Z"


@pytest.mark.parametrize(
    ("provenances", "persons"),
    [
        ([], True),
        ([provenance(PERSON)], True),
        ([provenance(PERSON, LATER)], True),
        # The machine's own answer, before the person's.
        ([provenance(MACHINE)], True),
        ([provenance(MACHINE), provenance(PERSON, LATER)], True),
        # Some machine says that it is final.
        ([provenance(MACHINE, LATER)], False),
        ([provenance({"type": "Device", "display": "bot"}, LATER)], False),
        ([provenance({"reference": "https://host/fhir/Device/d/_history/1"}, LATER)], False),
        # Written back by the machine as the person left it.
        ([provenance(PERSON), provenance(MACHINE, LATER)], True),
        # What is said of this version decides.
        ([provenance(PERSON), provenance(MACHINE, LATER, "Observation/o1/_history/2")], False),
        (
            [provenance(MACHINE, LATER), provenance(PERSON, target="Observation/o1/_history/2")],
            True,
        ),
        # About something else.
        ([provenance(MACHINE, LATER, "Observation/o12")], True),
        ([provenance({"display": "Dr. Meyer"}, LATER)], True),
    ],
)
def test_a_person_is_told_from_a_machine(provenances: list[dict[str, Any]], persons: bool) -> None:
    assert is_persons(OBSERVATION, provenances) is persons


def test_both_on_one_provenance_are_a_person_with_a_tool() -> None:
    both = provenance(MACHINE, LATER)
    both["agent"].append({"who": PERSON})

    assert is_persons(OBSERVATION, [both])
