"""DocumentReferences of a server that misbehaves, or that is not the one in the settings."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

from shared.fhir.client import FhirClient
from shared.settings import Settings
from training.notes.fhir import fhir_notes, read_fhir
from training.notes.records import NoteSourceError

BASE = "http://fhir.example/r4"


def document(id: str, text: str = "Well.", **elements: Any) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": id,
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        **elements,
    }


def page(*resources: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    link = [{"relation": "next", "url": following}] if following else []
    entry = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "link": link, "entry": entry}


def replaces(id: str) -> list[dict[str, Any]]:
    return [{"code": "replaces", "target": {"reference": f"DocumentReference/{id}"}}]


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router


def serve(server: respx.MockRouter, *resources: dict[str, Any], relation: Any = None) -> None:
    """relation: the answer to which notes replace others."""
    replacing = relation or httpx.Response(200, json=page())
    server.get("/DocumentReference", params={"relation": "replaces"}).mock(return_value=replacing)
    server.get("/DocumentReference").respond(json=page(*resources))


def settings(**changes: Any) -> Settings:
    return Settings(_env_file=None, fhir_url=BASE, fhir_token="secret-token", **changes)


async def ids(**changes: Any) -> list[str]:
    async with FhirClient(BASE) as fhir:
        return [note.id async for note in fhir_notes(fhir, **changes)]


def test_the_fields_of_a_note(server: respx.MockRouter) -> None:
    kind = {"coding": [{"code": "18842-5", "display": "Discharge summary"}]}
    context = {"practiceSetting": {"text": "Cardiology"}}
    serve(
        server,
        document(
            "n1", type=kind, context=context, date="2026-10-30T08:00:00Z", description="Report"
        ),
    )
    (note,) = read_fhir(BASE, settings())
    assert (note.id, note.patient_id, note.text) == ("n1", "p1", "Well.")
    assert (note.note_type, note.specialty) == ("Discharge summary", "Cardiology")
    assert (note.date, note.description) == ("2026-10-30T08:00:00+00:00", "Report")


def test_the_token_goes_to_the_server_of_the_settings_and_to_no_other(
    server: respx.MockRouter,
) -> None:
    serve(server, document("n1"))
    assert len(list(read_fhir(BASE + "/", settings()))) == 1
    assert server.calls.last.request.headers["authorization"] == "Bearer secret-token"
    elsewhere = settings()
    elsewhere.fhir_url = "http://hospital.example/fhir"
    assert len(list(read_fhir(BASE, elsewhere))) == 1
    assert "authorization" not in server.calls.last.request.headers


def test_a_location_may_hold_a_search(server: respx.MockRouter) -> None:
    serve(server, document("n1"))
    list(read_fhir(f"{BASE}/DocumentReference?type=a%7Cb&date=ge2025&date=lt2026", settings()))
    asked = server.calls.last.request.url.params
    assert asked["type"] == "a|b"
    assert asked.get_list("date") == ["ge2025", "lt2026"]


async def test_notes_that_do_not_count_are_left_out(server: respx.MockRouter) -> None:
    replacing = document("n5", relatesTo=replaces("n4"))
    mistaken = document("n6", status="entered-in-error", relatesTo=replaces("n7"))
    answer = httpx.Response(200, json=page(replacing, mistaken))
    serve(
        server,
        document("n1"),
        document("n2", status="superseded"),
        document("n3", docStatus="entered-in-error"),
        document("n4"),
        replacing,
        mistaken,
        document("n7"),
        relation=answer,
    )
    assert await ids() == ["n1", "n5", "n7"]


async def test_a_replacement_that_is_malformed_replaces_nothing(server: respx.MockRouter) -> None:
    malformed = document("n2", relatesTo=["x", {"code": "replaces", "target": {"reference": 3}}])
    serve(server, document("n1"), relation=httpx.Response(200, json=page(malformed)))
    assert await ids() == ["n1"]


async def test_a_server_that_cannot_be_asked_for_replacements_is_still_read(
    server: respx.MockRouter,
) -> None:
    serve(server, document("n1"), relation=httpx.Response(400))
    assert await ids() == ["n1"]


async def test_notes_of_patients_who_opted_out_of_research_are_left_out(
    server: respx.MockRouter,
) -> None:
    member = [{"entity": {"reference": "Patient/p2"}}]
    server.get("/Group/out").respond(
        json={"resourceType": "Group", "id": "out", "type": "person", "member": member}
    )
    serve(server, document("n1"), document("n2", subject={"reference": "Patient/p2"}))
    assert await ids(opt_out_group="out") == ["n1"]


async def test_without_the_group_of_those_who_opted_out_no_note_is_read(
    server: respx.MockRouter,
) -> None:
    server.get("/Group/out").respond(404)
    serve(server, document("n1"))
    with pytest.raises(NoteSourceError, match=r"GET Group/out: HTTP 404"):
        await ids(opt_out_group="out")


@pytest.mark.parametrize(
    "bad",
    [
        document("bad", subject={"display": "Mr Example"}),
        document("bad", subject={"reference": "http://elsewhere.example/Patient/p1"}),
        document(
            "bad", content=[{"attachment": {"contentType": "application/pdf", "data": "QQ=="}}]
        ),
        document("bad", content=[{"attachment": {"contentType": "text/plain", "url": "Binary/x"}}]),
        document("bad", content="no list"),
        document("bad", text=" "),
        document("bad", text="x" * 1_001),
        document("bad", type={"coding": "no list"}),
        document("bad", relatesTo=["no object"]),
        {"resourceType": "OperationOutcome", "id": "bad"},
        document(""),
    ],
)
async def test_a_note_that_cannot_be_read_stops_no_other(
    server: respx.MockRouter, bad: dict[str, Any]
) -> None:
    server.get("/Binary/x").respond(404)
    serve(server, bad, document("n2"))
    assert await ids(limit=1_000) == ["n2"]


async def test_a_note_that_comes_again_on_a_later_page_is_read_once(
    server: respx.MockRouter,
) -> None:
    server.get("/DocumentReference", params={"relation": "replaces"}).respond(json=page())
    server.get("/DocumentReference", params={"page": "2"}).respond(
        json=page(document("n1"), document("n3"))
    )
    first = page(document("n1"), document("n2"), following=f"{BASE}/DocumentReference?page=2")
    server.get("/DocumentReference").respond(json=first)
    assert await ids() == ["n1", "n2", "n3"]


async def test_a_server_that_is_away_for_a_moment_is_asked_again(server: respx.MockRouter) -> None:
    away = httpx.Response(503)
    by_url = [{"attachment": {"contentType": "text/plain", "url": "Binary/b1"}}]
    answers = [away, httpx.Response(200, json=page(document("n1", content=by_url)))]
    server.get("/DocumentReference", params={"relation": "replaces"}).respond(json=page())
    server.get("/DocumentReference").mock(side_effect=answers)
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "QQ=="}
    server.get("/Binary/b1").mock(side_effect=[away, httpx.Response(200, json=binary)])
    assert await ids(patience=10) == ["n1"]


async def test_a_server_that_stays_away_is_a_clear_error(server: respx.MockRouter) -> None:
    server.get("/DocumentReference").mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(NoteSourceError, match=r"http://fhir.example/r4: .* no answer from"):
        await ids(patience=0)


def test_reading_may_stop_before_the_end(server: respx.MockRouter) -> None:
    serve(server, document("n1"), document("n2"))
    notes = read_fhir(BASE, settings())
    assert next(notes).id == "n1"
    notes.close()
    assert list(notes) == []
