"""The sweep of the FHIR server finds every note, whatever stops it on the way."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlmodel import select

from services.ingest import sweep_fhir
from services.ingest.intake import Intake
from services.ingest.sweep_fhir import sweep
from services.ingest.tables import Cursor, Note, NoteState
from shared.database import session
from shared.documents.opt_out import OptOut
from shared.fhir.client import FhirClient, FhirUnavailable

OVERLAP = timedelta(minutes=5)
START = datetime(2026, 10, 31, 8, tzinfo=UTC)


class Hospital:
    """A FHIR server with DocumentReferences and `_lastUpdated` search in pages of two."""

    def __init__(self, base, make):
        self.base, self.make = base, make
        self.notes, self.searches, self.down_after = [], [], None
        self.reads = 0
        self.client = FhirClient(base, transport=httpx.MockTransport(self._answer))

    def put(self, id, second, version=1, **elements):
        updated = (START + timedelta(seconds=second)).isoformat()
        meta = {"versionId": str(version), "lastUpdated": updated}
        self.notes = [note for note in self.notes if note["id"] != id]
        self.notes.append(self.make(f"text of {id}, {version}", id=id, meta=meta, **elements))

    def _answer(self, request):
        if self.down_after is not None and len(self.searches) >= self.down_after:
            return httpx.Response(503)
        if "/Binary/" in request.url.path:
            self.reads += 1
            data = base64.b64encode(b"from a Binary").decode()
            binary = {"resourceType": "Binary", "contentType": "text/plain", "data": data}
            return httpx.Response(200, json=binary)
        self.searches.append(dict(request.url.params))
        since = request.url.params.get("_lastUpdated", "ge0001-01-01T00:00:00+00:00")
        offset = int(request.url.params.get("offset", 0))
        found = sorted(
            (
                note
                for note in self.notes
                if datetime.fromisoformat(note["meta"]["lastUpdated"])
                >= datetime.fromisoformat(since.removeprefix("ge"))
            ),
            key=lambda note: note["meta"]["lastUpdated"],
        )
        bundle = {"resourceType": "Bundle", "type": "searchset"}
        bundle["entry"] = [{"resource": note} for note in found[offset : offset + 2]]
        if len(found) > offset + 2:
            params = httpx.QueryParams({"_lastUpdated": since, "offset": offset + 2})
            url = f"{self.base}/DocumentReference?{params}"
            bundle["link"] = [{"relation": "next", "url": url}]
        return httpx.Response(200, json=bundle)


@pytest.fixture
async def hospital(base, note_resource):
    hospital = Hospital(base, note_resource)
    async with hospital.client:
        yield hospital


@pytest.fixture
def run(engine, hospital):
    intake = Intake(engine, hospital.client, OptOut(hospital.client, ""), limit=1_000_000)
    return lambda: sweep(engine, hospital.client, intake, OVERLAP)


@pytest.fixture
def notes(engine):
    def read():
        with session(engine, read_only=True) as opened:
            found = opened.exec(select(Note).order_by(Note.document_id))
            return {note.document_id: note for note in found}

    return read


def cursor(engine):
    with session(engine, read_only=True) as opened:
        return opened.exec(select(Cursor)).one()


async def test_the_first_sweep_finds_everything_over_all_pages(hospital, run, notes):
    for number in range(5):
        hospital.put(f"n{number}", number)
    assert await run() == 5
    assert set(notes()) == {"n0", "n1", "n2", "n3", "n4"}


async def test_notes_of_one_instant_are_not_skipped(hospital, run, notes):
    hospital.put("a", 10)
    await run()
    hospital.put("b", 10)
    hospital.put("c", 10)
    await run()
    assert set(notes()) == {"a", "b", "c"}


async def test_a_note_dated_before_the_cursor_is_found_within_the_overlap(hospital, run, notes):
    hospital.put("a", 100)
    await run()
    hospital.put("late", 1)
    await run()
    assert set(notes()) == {"a", "late"}


async def test_once_the_overlap_has_passed_it_is_not_read_again(engine, hospital, run):
    hospital.put("old", 1)
    hospital.put("new", 100)
    await run()
    with session(engine) as opened:
        opened.exec(select(Cursor)).one().moved_at -= 2 * OVERLAP
    assert await run() == 1


async def test_an_outage_in_the_middle_is_caught_up(hospital, run, notes):
    for number in range(5):
        hospital.put(f"n{number}", number)
    hospital.down_after = 2
    with pytest.raises(FhirUnavailable):
        await run()
    hospital.down_after = None
    await run()
    assert len(notes()) == 5


async def test_the_cursor_moves_on_with_each_page_while_the_order_holds(
    engine, hospital, run, monkeypatch
):
    monkeypatch.setattr(sweep_fhir, "_PAGE", 2)
    for number in range(5):
        hospital.put(f"n{number}", number)
    hospital.down_after = 2
    with pytest.raises(FhirUnavailable):
        await run()
    assert cursor(engine).last_updated == START + timedelta(seconds=3)


async def test_changes_and_retractions_are_seen(hospital, run, notes):
    hospital.put("a", 1)
    await run()
    hospital.put("a", 2, version=2)
    await run()
    assert notes()["a"].sequence == 2
    hospital.put("a", 3, version=3, status="entered-in-error")
    await run()
    assert notes()["a"].retraction == "entered-in-error"


async def test_a_version_seen_before_is_not_fetched_again(hospital, run):
    hospital.put("a", 1, content=[{"attachment": {"url": "Binary/b1"}}])
    await run()
    await run()
    assert hospital.reads == 1


async def test_a_bad_note_is_kept_as_failed_and_stops_nothing(hospital, run, notes):
    hospital.put("a", 1)
    hospital.put("bad", 2, subject=None)
    hospital.put("b", 3)
    await run()
    assert {id: note.state for id, note in notes().items()} == {
        "a": NoteState.RECEIVED,
        "b": NoteState.RECEIVED,
        "bad": NoteState.FAILED,
    }
    assert "no subject" in notes()["bad"].reason


async def test_a_server_that_is_more_liberal_than_the_rules_is_read(hospital, run, notes):
    hospital.put("a", 1, docStatus="house-made")
    await run()
    assert notes()["a"].state == NoteState.RECEIVED


async def test_an_opt_out_group_that_cannot_be_read_stops_the_sweep(engine, hospital, notes):
    hospital.put("a", 1)
    opt_out = OptOut(FhirClient("http://127.0.0.1:9/fhir"), "group")
    intake = Intake(engine, hospital.client, opt_out, limit=1_000)
    with pytest.raises(FhirUnavailable, match="CHARTSIFT_OPT_OUT_GROUP"):
        await sweep(engine, hospital.client, intake, OVERLAP)
    assert notes() == {}
