"""The doors: notes pushed one by one or in Bundles, and notifications of the FHIR server."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from services.ingest.bundle import BundleEntry, bundle_type, read_entries
from services.ingest.errors import FHIR_JSON, refusal
from services.ingest.intake import Intake
from services.ingest.ledger import Result, Submission
from services.ingest.requests import read_json
from services.ingest.service import Service
from services.ingest.tables import Note
from services.ingest.view import Acknowledgement, status_of
from shared.documents.problem import Problem, outcome
from shared.documents.references import is_id

router = APIRouter()


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(service_of)]


@router.post("/fhir/DocumentReference", response_model=Acknowledgement)
async def push(request: Request, response: Response, here: Here) -> Acknowledgement:
    """Takes a note in. Its id is the resource's own, else made from its identifier, so that the
    same note pushed twice is one note. 201: new; 200: known."""
    resource = await _read_resource(request, here)
    return _acknowledge(response, *await here.intake.take(resource, pushed=True))


@router.put("/fhir/DocumentReference/{id}", response_model=Acknowledgement)
async def push_at(id: str, request: Request, response: Response, here: Here) -> Acknowledgement:
    """Takes a note in at its id."""
    resource = _with_id(await _read_resource(request, here), id)
    return _acknowledge(response, *await here.intake.take(resource, pushed=True))


@router.post("/fhir")
async def push_bundle(request: Request, here: Here) -> Response:
    """Takes in the notes of a Bundle. transaction: all or none. Every other type: each for
    itself, with its own outcome in the batch-response, whose HTTP status is always 200."""
    settings = here.settings
    bundle = await read_json(
        request, settings.ingest_max_bundle_bytes, "CHARTSIFT_INGEST_MAX_BUNDLE_BYTES"
    )
    kind, entries = bundle_type(bundle), read_entries(bundle)
    if kind == "transaction":
        return await _take_all(here.intake, entries)
    answers = [await _take_one(here.intake, entry) for entry in entries]
    return _bundle_response("batch-response", answers)


@router.post("/hooks/fhir")
async def notified(here: Here) -> dict[str, str]:
    """A notification without payload (rest-hook Subscription): the FHIR server is swept now."""
    here.background.wake("sweep")
    return {"status": "sweeping"}


@router.put("/hooks/fhir/DocumentReference/{id}", response_model=Acknowledgement)
async def notified_of(id: str, request: Request, response: Response, here: Here) -> Acknowledgement:
    """A notification with the note as payload; the note stands on the FHIR server already."""
    resource = _with_id(await _read_resource(request, here), id)
    return _acknowledge(response, *await here.intake.take(resource, pushed=False))


async def _read_resource(request: Request, here: Service) -> Any:
    # Base64 takes 4 characters for 3 bytes; a megabyte is for line breaks and all the rest.
    limit = here.settings.ingest_max_attachment_bytes * 4 // 3 + 1_000_000
    return await read_json(request, limit, "CHARTSIFT_INGEST_MAX_ATTACHMENT_BYTES")


def _with_id(resource: Any, id: str) -> Any:
    if not is_id(id) or (isinstance(resource, dict) and resource.get("id") != id):
        raise Problem(
            400,
            "invalid",
            "The id in the address is not the id of the resource.",
            "PUT the resource to /DocumentReference/<its id>.",
            "DocumentReference.id",
        )
    return resource


def _acknowledge(response: Response, result: Result, note: Note) -> Acknowledgement:
    response.status_code = _status(result)
    response.headers["Location"] = f"/notes/{note.document_id}"
    return Acknowledgement(**status_of(note).model_dump(), result=result)


def _status(result: Result) -> int:
    return HTTPStatus.CREATED if result == Result.CREATED else HTTPStatus.OK


async def _take_all(intake: Intake, entries: list[BundleEntry]) -> Response:
    problems: list[Problem] = []
    submissions: dict[str, Submission] = {}
    for entry in entries:
        try:
            submission = await _read_entry(intake, entry)
        except Problem as problem:
            problems.append(problem)
            continue
        if submission is not None and submission.document.id in {
            known.document.id for known in submissions.values()
        }:
            problems.append(_twice(entry))
        elif submission is not None:
            submissions[entry.path] = submission
    if problems:
        return refusal(problems)
    recorded = await intake.enter(list(submissions.values()))
    results = dict(zip(submissions, recorded, strict=True))
    answers = [
        _entered(*results[entry.path]) if entry.path in results else _passed() for entry in entries
    ]
    return _bundle_response("transaction-response", answers)


async def _take_one(intake: Intake, entry: BundleEntry) -> dict[str, Any]:
    try:
        submission = await _read_entry(intake, entry)
        if submission is None:
            return _passed()
        return _entered(*(await intake.enter([submission]))[0])
    except Problem as problem:
        return {"status": _status_line(problem.status), "outcome": outcome([problem])}


async def _read_entry(intake: Intake, entry: BundleEntry) -> Submission | None:
    """None if there is nothing to do. Raises Problem, with the entry's path."""
    if entry.problem is not None:
        raise entry.problem
    if entry.resource is None:
        return None
    try:
        return await intake.read(entry.resource, pushed=True)
    except Problem as problem:
        raise problem.inside(entry.path) from None


def _entered(result: Result, note: Note) -> dict[str, Any]:
    return {
        "status": _status_line(_status(result)),
        "location": f"DocumentReference/{note.document_id}",
        "outcome": _information(f"{result.capitalize()}; the note is {note.state}."),
    }


def _passed() -> dict[str, Any]:
    """An entry that carries no note of its own: not stored here, and nothing is wrong with it."""
    return {"status": "200 OK", "outcome": _information("Read as context; not stored here.")}


def _information(text: str) -> dict[str, Any]:
    issue = {"severity": "information", "code": "informational", "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _twice(entry: BundleEntry) -> Problem:
    return Problem(
        422,
        "duplicate",
        "The same note stands twice in one transaction.",
        "Send each note once, in its newest version.",
        entry.path,
    )


def _status_line(status: int) -> str:
    return f"{int(status)} {HTTPStatus(status).phrase}"


def _bundle_response(kind: str, answers: list[dict[str, Any]]) -> Response:
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if answers:
        bundle["entry"] = [{"response": answer} for answer in answers]
    return JSONResponse(bundle, media_type=FHIR_JSON)
