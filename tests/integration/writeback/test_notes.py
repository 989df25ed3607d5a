"""A note answered, answered again, retracted."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events import NoteRef, NoteRetracted, ProgressState
from shared.fhir import ids
from shared.fhir.client import FhirNotFound, Resource
from shared.fhir.mapping_provenance import device
from shared.fhir.rules import check
from shared.students.interface import Standing


def newer(note: NoteRef, sequence: int) -> NoteRef:
    return note.model_copy(update={"sequence": sequence})


def status_of(summary: Resource, criterion: str) -> str:
    for component in summary["component"]:
        if component["code"]["coding"][0]["code"].endswith(f"/{criterion}"):
            return str(component["valueCodeableConcept"]["coding"][0]["code"])
    raise KeyError(criterion)


async def test_answers_stand_on_the_fhir_server(site: Any) -> None:
    note = await site.document()
    await site.handle(
        site.event(note, site.yes("af"), site.number("platelets", 250), site.na("bleed"))
    )
    af, platelets = await site.observation("af", note), await site.observation("platelets", note)
    assert (af["status"], af["valueBoolean"]) == ("preliminary", True)
    assert platelets["valueQuantity"]["value"] == 250
    with pytest.raises(FhirNotFound):
        await site.observation("bleed", note)


async def test_the_eligibility_follows_with_its_reason(site: Any) -> None:
    note = await site.document()
    await site.handle(
        site.event(note, site.yes("af"), site.no("bleed"), site.number("platelets", 80))
    )
    subject, summary = await site.subject(), await site.summary()
    assert subject["status"] == "ineligible"
    assert subject["extension"][0]["valueReference"]["reference"] == f"Observation/{summary['id']}"
    decided = await site.observation("platelets", note)
    assert summary["hasMember"] == [{"reference": f"Observation/{decided['id']}"}]
    assert (status_of(summary, "af"), status_of(summary, "platelets")) == ("met", "met")


async def test_everything_written_is_valid_and_has_a_provenance(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("af")))
    written = [await site.observation("af", note), await site.subject(), await site.summary()]
    assert [check(resource) for resource in written] == [[], [], []]
    target = f"Observation/{written[0]['id']}"
    found = [one async for one in site.fhir.search("Provenance", {"target": target}, fresh=True)]
    assert len(found) == 1 and check(found[0]) == []
    source = f"DocumentReference/{note.document_id}/_history/{note.version_id}"
    assert found[0]["entity"][0]["what"]["reference"] == source
    student = device("encoder-test")["id"]
    assert found[0]["agent"][0]["who"]["reference"] == f"Device/{student}"
    assert (await site.fhir.read("Device", student))["version"][0]["value"] == "encoder-test"


async def test_a_note_is_reported_as_written(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("af")))
    assert [(one.note, one.state) for one in site.progress()] == [(note, ProgressState.WRITTEN)]


async def test_the_same_answers_again_write_nothing(site: Any) -> None:
    note = await site.document()
    event = site.event(note, site.yes("af"), site.number("platelets", 250))
    await site.handle(event)
    before = await site.versions()
    site.restart()
    await site.handle(event)
    assert await site.versions() == before
    assert len(site.progress()) == 2


async def test_a_settled_note_of_a_known_patient_takes_two_requests(site: Any) -> None:
    await site.handle(site.event(await site.document("first"), site.yes("af")))
    second = await site.document("second")
    site.line.requests.clear()
    await site.handle(site.event(second, site.yes("af"), site.no("bleed")))
    assert len(site.line.requests) == 2


async def test_a_new_version_updates_in_place(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed")))
    await site.handle(site.event(newer(note, 2), site.no("bleed")))
    observation = await site.observation("bleed", note)
    assert observation["valueBoolean"] is False
    assert (await site.subject())["status"] == "potential-candidate"


async def test_an_answer_that_a_new_version_no_longer_gives_is_withdrawn(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("af"), site.yes("bleed")))
    await site.handle(site.event(newer(note, 2), site.yes("af"), site.na("bleed")))
    observation = await site.observation("bleed", note)
    assert observation["status"] == "entered-in-error"
    assert "valueBoolean" not in observation
    assert status_of(await site.summary(), "bleed") == "unknown"


async def test_an_answer_comes_back_where_it_was_withdrawn(site: Any) -> None:
    note = await site.document()
    for sequence, answer in enumerate([site.yes("af"), site.na("af"), site.yes("af")], 1):
        await site.handle(site.event(newer(note, sequence), answer))
    observation = await site.observation("af", note)
    assert (observation["status"], observation["valueBoolean"]) == ("preliminary", True)


async def test_what_is_older_than_the_version_seen_is_dropped(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(newer(note, 2), site.no("bleed")))
    before = await site.versions()
    await site.handle(site.event(newer(note, 1), site.yes("bleed")))
    assert await site.versions() == before


async def test_an_answer_that_needs_review_settles_nothing(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed", standing=Standing.REVIEW)))
    observation = await site.observation("bleed", note)
    assert observation["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert (await site.subject())["status"] == "potential-candidate"


async def test_questions_that_no_study_asks_any_more_are_not_written(site: Any) -> None:
    note = await site.document()
    retired = site.yes("af").model_copy(update={"question": "retired/af"})
    await site.handle(site.event(note, retired))
    with pytest.raises(FhirNotFound):
        await site.fhir.read("Observation", ids.observation_id("retired/af", note.document_id))


async def test_all_notes_of_a_patient_count(site: Any) -> None:
    first, second = await site.document("first"), await site.document("second")
    await site.handle(site.event(first, site.yes("af"), site.no("bleed")))
    assert (await site.subject())["status"] == "potential-candidate"
    await site.handle(site.event(second, site.number("platelets", 200)))
    assert (await site.subject())["status"] == "eligible"


async def test_a_retracted_note_takes_its_answers_and_the_eligibility_with_it(site: Any) -> None:
    first, second = await site.document("first"), await site.document("second")
    await site.handle(site.event(first, site.yes("af"), site.no("bleed")))
    await site.handle(site.event(second, site.yes("bleed")))
    assert (await site.subject())["status"] == "ineligible"
    await site.handle(NoteRetracted(note=newer(second, 2), reason="entered-in-error"))
    assert (await site.observation("bleed", second))["status"] == "entered-in-error"
    assert (await site.observation("bleed", first))["status"] == "preliminary"
    assert (await site.subject())["status"] == "potential-candidate"
    assert site.progress()[-1].note == newer(second, 2)


async def test_an_answer_to_a_retracted_version_is_dropped(site: Any) -> None:
    note = await site.document()
    await site.handle(NoteRetracted(note=note, reason="deleted"))
    await site.handle(site.event(note, site.yes("af")))
    with pytest.raises(FhirNotFound):
        await site.observation("af", note)


async def test_a_note_that_comes_back_counts_again(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("bleed")))
    await site.handle(NoteRetracted(note=newer(note, 2), reason="superseded"))
    await site.handle(site.event(newer(note, 3), site.yes("bleed")))
    assert (await site.observation("bleed", note))["status"] == "preliminary"
    assert (await site.subject())["status"] == "ineligible"


async def test_who_opts_out_of_research_is_withdrawn(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("af"), site.no("bleed")))
    await site.handle(NoteRetracted(note=newer(note, 2), reason="opted-out"))
    assert (await site.subject())["status"] == "withdrawn"
