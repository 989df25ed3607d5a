"""Pushed notes are put on the FHIR server, as often as it takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlmodel import select

from services.ingest.ledger import Submission, record
from services.ingest.queueing import queue_again, rescreen
from services.ingest.storing import store_due
from services.ingest.tables import Deposit, Note, NoteState, Outbox
from shared.database import session
from shared.documents.document import read_document
from shared.fhir.client import FhirClient


class Server:
    """A FHIR server that answers as told; `got` is what was put there."""

    def __init__(self, base):
        self.answers, self.got = [], []
        self.client = FhirClient(base, transport=httpx.MockTransport(self._answer))

    def _answer(self, request):
        resource = json.loads(request.content)
        self.got.append(resource)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        meta = {"versionId": "7", "lastUpdated": "2026-10-31T08:00:01Z"}
        return answer or httpx.Response(201, json=resource | {"meta": meta})


@pytest.fixture
async def server(base):
    server = Server(base)
    async with server.client:
        yield server


@pytest.fixture
def push(engine, base, note_resource):
    def enter(text="No chest pain.", **elements):
        resource = note_resource(text, **elements)
        document = read_document(resource, None, base)
        with session(engine) as opened:
            kept = None if document.retraction else text
            record(opened, Submission(document, kept, resource), datetime.now(UTC))

    return enter


@pytest.fixture
def note(engine):
    def read():
        with session(engine, read_only=True) as opened:
            return opened.get_one(Note, "note-1")

    return read


@pytest.fixture
def said(engine):
    def read():
        with session(engine, read_only=True) as opened:
            return [(row.sequence, row.generation) for row in opened.exec(select(Outbox))]

    return read


def make_due(engine):
    with session(engine) as opened:
        opened.get_one(Deposit, "note-1").due_at = datetime.now(UTC)


async def test_what_is_stored_is_queued_with_the_servers_version(engine, server, push, note, said):
    push()
    assert await store_due(engine, server.client) == 1
    assert (note().version_id, said()) == ("7", [(1, 1)])
    assert await store_due(engine, server.client) == 0


@pytest.mark.parametrize(
    "answer", [httpx.Response(503), httpx.Response(429), httpx.ConnectError("no")]
)
async def test_while_the_server_is_away_the_note_waits(engine, server, push, said, answer):
    push()
    server.answers = [answer]
    await store_due(engine, server.client)
    assert said() == []
    assert await store_due(engine, server.client) == 0  # not due yet
    make_due(engine)
    await store_due(engine, server.client)
    assert said() == [(1, 1)]


async def test_the_server_says_how_long_to_wait(engine, server, push):
    push()
    server.answers = [httpx.Response(503, headers={"retry-after": "120"})]
    before = datetime.now(UTC)
    await store_due(engine, server.client)
    with session(engine, read_only=True) as opened:
        due_at = opened.get_one(Deposit, "note-1").due_at
    assert timedelta(seconds=120) <= due_at - before < timedelta(seconds=180)


async def test_a_refused_note_has_failed_until_it_is_retried(engine, server, push, note, said):
    push()
    issue = {"severity": "error", "code": "not-found", "expression": ["DocumentReference.subject"]}
    refusal = {"resourceType": "OperationOutcome", "issue": [issue]}
    server.answers = [httpx.Response(422, json=refusal)]
    await store_due(engine, server.client)
    assert note().state == NoteState.FAILED
    assert "not-found at DocumentReference.subject" in note().reason
    assert "POST /notes/note-1/retry" in note().reason
    assert await store_due(engine, server.client) == 0
    with session(engine) as opened:
        assert rescreen(opened, datetime.now(UTC)) == 0
        queue_again(opened, opened.get_one(Note, "note-1"), datetime.now(UTC))
    await store_due(engine, server.client)
    assert (note().reason, said()) == (None, [(1, 1)])


async def test_a_version_pushed_while_the_former_is_being_stored_is_stored_too(
    engine, server, push, note, said
):
    push("one")

    class PushesMeanwhile(FhirClient):
        async def put(self, resource, if_match=None):
            push("two")
            return await server.client.put(resource)

    await store_due(engine, PushesMeanwhile(server.client.base_url))
    assert said() == []
    await store_due(engine, server.client)
    assert said() == [(2, 1)]
    assert server.got[0]["content"] != server.got[1]["content"]


async def test_rescreening_a_note_on_its_way_to_the_server_queues_it_once(
    engine, server, push, said
):
    push()
    with session(engine) as opened:
        assert rescreen(opened, datetime.now(UTC)) == 1
    assert said() == []
    await store_due(engine, server.client)
    assert said() == [(1, 2)]


async def test_a_stored_retraction_is_not_queued(engine, server, push, note, said):
    push(status="entered-in-error")
    await store_due(engine, server.client)
    assert (note().state, said()) == (NoteState.RETRACTED, [])
    assert server.got[0]["status"] == "entered-in-error"
