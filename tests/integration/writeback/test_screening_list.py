"""The screening list of a study."""

from __future__ import annotations

from typing import Any

import pytest

from services.writeback.erase import erase_patient
from shared.fhir.client import FhirNotFound, FhirUnavailable, Resource
from shared.fhir.mapping_list import subject_reference
from shared.fhir.rules import check


def entry(site: Any, screening_list: Resource, patient: str | None = None) -> Resource | None:
    reference = subject_reference(site.study.id, patient or site.patient)
    entries = screening_list.get("entry", [])
    return next((one for one in entries if one["item"]["reference"] == reference), None)


async def test_a_candidate_comes_onto_the_list(site: Any) -> None:
    await site.handle(site.event(await site.document(), site.yes("af")))
    await site.lists.publish()
    screening_list = await site.screening_list()
    assert check(screening_list) == []
    assert screening_list["mode"] == "working"
    listed = entry(site, screening_list)
    assert listed is not None and "flag" not in listed


async def test_who_drops_out_is_flagged_and_keeps_the_first_seen_date(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("af")))
    await site.lists.publish()
    before = entry(site, await site.screening_list())
    second = note.model_copy(update={"sequence": 2})
    await site.handle(site.event(second, site.yes("af"), site.yes("bleed")))
    await site.lists.publish()
    after = entry(site, await site.screening_list())
    assert before is not None and after is not None
    assert after["flag"]["coding"][0]["code"] == "dropped-out"
    assert after["date"] == before["date"]
    assert "deleted" not in after


async def test_who_never_was_a_candidate_is_not_listed(site: Any) -> None:
    other = await site.another_patient()
    await site.handle(site.event(await site.document(), site.yes("bleed")))
    await site.handle(site.event(await site.document("other", other), site.yes("af")))
    await site.lists.publish()
    screening_list = await site.screening_list()
    assert entry(site, screening_list) is None
    assert entry(site, screening_list, other) is not None


async def test_a_list_without_changes_is_not_written_again(site: Any) -> None:
    note = await site.document()
    await site.handle(site.event(note, site.yes("af")))
    await site.lists.publish()
    before = await site.screening_list()
    await site.handle(site.event(note, site.yes("af"), site.no("bleed")))
    await site.lists.publish()
    assert await site.screening_list() == before


async def test_changes_owed_from_before_a_crash_are_written(site: Any) -> None:
    await site.handle(site.event(await site.document(), site.yes("af")))
    site.line.cut = True
    with pytest.raises(FhirUnavailable):
        await site.lists.publish()
    site.line.cut = False
    site.restart()
    await site.lists.publish()
    assert entry(site, await site.screening_list()) is not None


async def test_a_list_that_somebody_changed_meanwhile_is_merged(site: Any) -> None:
    other = await site.another_patient()
    await site.handle(site.event(await site.document(), site.yes("af")))
    await site.lists.publish()
    listed = await site.screening_list()
    await site.fhir.put({**listed, "title": "Renamed"})
    await site.handle(site.event(await site.document("other", other), site.yes("af")))
    await site.lists.publish()
    screening_list = await site.screening_list()
    assert entry(site, screening_list) and entry(site, screening_list, other)


async def test_the_list_follows_a_status_that_a_person_set(site: Any) -> None:
    await site.handle(site.event(await site.document(), site.yes("af")))
    await site.lists.publish()
    await site.fhir.put({**await site.subject(), "status": "off-study"})
    await site.corrections.sweep()
    await site.lists.publish()
    listed = entry(site, await site.screening_list())
    assert listed is not None and "flag" in listed


async def test_an_erased_patient_is_gone_everywhere(site: Any) -> None:
    other = await site.another_patient()
    note = await site.document()
    await site.handle(site.event(note, site.yes("af"), site.no("bleed")))
    await site.handle(site.event(await site.document("other", other), site.yes("af")))
    await site.lists.publish()
    await erase_patient(site.engine, site.fhir, site.patient)
    assert await site.versions() == {}
    with pytest.raises(FhirNotFound):
        await site.observation("af", note)
    screening_list = await site.screening_list()
    assert entry(site, screening_list) is None
    assert entry(site, screening_list, other) is not None
    assert (await site.subject(other))["status"] == "potential-candidate"
    assert await erase_patient(site.engine, site.fhir, site.patient) == 0
