"""What a person says stands."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events import NoteRef, NoteRetracted
from shared.fhir import ids
from shared.fhir.client import Resource


async def correct(site: Any, resource: Resource, **changes: Any) -> Resource:
    """A person at the dashboard."""
    return await site.fhir.put({**resource, **changes})


def newer(note: NoteRef, sequence: int) -> NoteRef:
    return note.model_copy(update={"sequence": sequence})


async def test_a_correction_survives_another_answer(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed")))
    corrected = await correct(
        site, await site.observation("bleed", note), status="final", valueBoolean=False
    )
    again = site.event(newer(note, 2), site.yes("bleed"), student="encoder-next")
    await site.handle(again)
    assert await site.observation("bleed", note) == corrected
    assert (await site.subject())["status"] == "potential-candidate"


async def test_the_eligibility_follows_a_correction(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed")))
    await correct(site, await site.observation("bleed", note), status="final", valueBoolean=False)
    await site.corrections.sweep()
    assert (await site.subject())["status"] == "potential-candidate"


async def test_a_correction_of_a_correction_counts(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.no("bleed")))
    for status, holds in (("final", True), ("corrected", False)):
        observation = await site.observation("bleed", note)
        await correct(site, observation, status=status, valueBoolean=holds)
        await site.corrections.sweep()
    assert (await site.subject())["status"] == "potential-candidate"


@pytest.mark.parametrize(
    ("quantity", "status"),
    [
        ({"value": 80, "code": "10*9/L"}, "ineligible"),
        ({"value": 80000, "code": "/uL"}, "ineligible"),
        ({"value": 200, "code": "10*9/L"}, "eligible"),
        ({"value": 80, "code": "mg/dL"}, "potential-candidate"),
        ({"value": 80}, "potential-candidate"),
    ],
)
async def test_a_number_of_a_person_counts_in_its_own_unit(
    site: Any, quantity: dict[str, Any], status: str
) -> None:
    note = await site.document()
    answers = site.yes("af"), site.no("bleed"), site.number("platelets", 150)
    await site.handle(site.event(note, *answers))
    system = {"system": "http://unitsofmeasure.org"} if "code" in quantity else {}
    observation = await site.observation("platelets", note)
    await correct(site, observation, status="corrected", valueQuantity=quantity | system)
    await site.corrections.sweep()
    assert (await site.subject())["status"] == status


async def test_a_confirmed_proposal_counts(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.no("bleed")))
    await correct(site, await site.observation("bleed", note), status="final", valueBoolean=True)
    await site.corrections.sweep()
    summary = await site.summary()
    observation = await site.observation("bleed", note)
    assert (await site.subject())["status"] == "ineligible"
    assert summary["hasMember"] == [{"reference": f"Observation/{observation['id']}"}]


async def test_an_answer_that_a_person_rejects_no_longer_counts(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed")))
    await correct(site, await site.observation("bleed", note), status="entered-in-error")
    await site.corrections.sweep()
    assert (await site.subject())["status"] == "potential-candidate"


async def test_a_person_may_answer_where_the_student_could_not(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.na("bleed")))
    added = await site.fhir.put(
        {
            "resourceType": "Observation",
            "id": ids.observation_id(site.key("bleed"), note.document_id),
            "status": "final",
            "code": {
                "coding": [
                    {
                        "system": "https://chartsift.org/fhir/CodeSystem/question",
                        "code": site.key("bleed"),
                    }
                ]
            },
            "subject": {"reference": f"Patient/{site.patient}"},
            "valueBoolean": True,
        }
    )
    await site.corrections.sweep()
    assert (await site.subject())["status"] == "ineligible"
    await site.handle(site.event(newer(note, 2), site.no("bleed")))
    assert await site.observation("bleed", note) == added
    assert (await site.subject())["status"] == "ineligible"


async def test_a_correction_made_while_the_note_is_written_is_found(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed")))

    async def person_is_faster() -> None:
        observation = await site.observation("bleed", note)
        await correct(site, observation, status="final", valueBoolean=True)

    site.line.before_post = person_is_faster
    await site.handle(site.event(newer(note, 2), site.no("bleed"), site.yes("af")))
    assert (await site.observation("bleed", note))["status"] == "final"
    assert (await site.observation("af", note))["valueBoolean"] is True
    assert (await site.subject())["status"] == "ineligible"


async def test_a_change_that_leaves_it_preliminary_is_not_overwritten(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed")))
    edited = await correct(
        site, await site.observation("bleed", note), note=[{"text": "I look into this."}]
    )
    await site.handle(site.event(newer(note, 2), site.no("bleed")))
    assert await site.observation("bleed", note) == edited


@pytest.mark.parametrize("status", ["ineligible", "on-study", "withdrawn"])
async def test_a_status_that_a_person_set_stands(site: Any, status: str) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("af"), site.no("bleed")))
    await correct(site, await site.subject(), status=status)
    await site.handle(site.event(newer(note, 2), site.number("platelets", 300), site.yes("af")))
    assert (await site.subject())["status"] == status
    await site.handle(NoteRetracted(note=newer(note, 3), reason="deleted"))
    assert (await site.subject())["status"] == status


async def test_the_summary_goes_on_under_a_persons_status(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("af")))
    await correct(site, await site.subject(), status="on-study")
    await site.handle(site.event(newer(note, 2), site.yes("af"), site.yes("bleed")))
    code = (await site.summary())["valueCodeableConcept"]["coding"][0]["code"]
    assert code == "ineligible"


async def test_a_retracted_note_takes_a_persons_answer_along_and_brings_it_back(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed")))
    await correct(site, await site.observation("bleed", note), status="final", valueBoolean=False)
    await site.handle(NoteRetracted(note=newer(note, 2), reason="superseded"))
    assert (await site.observation("bleed", note))["status"] == "entered-in-error"
    await site.handle(site.event(newer(note, 3), site.yes("bleed")))
    observation = await site.observation("bleed", note)
    assert (observation["status"], observation["valueBoolean"]) == ("final", False)
    before = await site.versions()
    await site.handle(site.event(newer(note, 4), site.yes("bleed")))
    await site.corrections.sweep()
    assert await site.versions() == before
