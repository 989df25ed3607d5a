"""Batch and transaction Bundles.

A transaction is one database transaction: all entries or none, in the order DELETE, POST, PUT,
GET. Conditions (ifNoneExist, Type?query) are matched against what was stored before; conditional
references also find what the Bundle itself writes. A batch performs each entry for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from services.fhir import bundle, history, interactions, search, store
from services.fhir.entries import Step, read_entry, require_bundle
from services.fhir.outcome import Fault, fault, outcome_text
from services.fhir.query import parse, parse_pairs
from services.fhir.references import (
    conditional_references,
    resolve_conditional,
    rewrite,
    unresolved,
)
from services.fhir.store import Stored, Transaction

Resource = dict[str, Any]
T = TypeVar("T")


class Result(NamedTuple):
    """body: JSON of what is shown (a resource or a Bundle); outcome: of what failed."""

    status: int
    stored: Stored | None = None
    body: str = ""
    outcome: str = ""


def read_transaction(bundle_: Resource, base: str) -> list[Step]:
    """Every entry, checked. Raises Fault with the issues of all bad entries."""
    require_bundle(bundle_)
    steps, faults = [], []
    for index, entry in enumerate(bundle_.get("entry", [])):
        try:
            steps.append(read_entry(entry, index, base))
        except Fault as error:
            faults.append(error.below(f"Bundle.entry[{index}]"))
    if faults:
        issues = [issue for error in faults for issue in error.issues]
        raise Fault(max(error.status for error in faults), issues)
    return steps


def perform_transaction(transaction: Transaction, steps: list[Step]) -> list[Result]:
    """Results in the order of the entries. Raises Fault, and then nothing may be kept."""
    existing = {step.index: _in_place(transaction, step, _identify) for step in steps}
    _require_distinct(steps)
    targets = dict(_new_places(steps))
    results: dict[int, Result] = {}
    writes: list[Step] = []
    for step in _in_order(steps):
        if step.method in ("POST", "PUT"):
            assert step.resource is not None
            step.resource = rewrite(step.resource, targets)
            if (dangling := next(unresolved(step.resource), None)) is not None:
                kind = dangling.split(":")[1]
                message = f"a reference to a urn:{kind} that no entry has as fullUrl"
                raise fault(400, "not-found", message, f"{step.location}.resource")
            writes.append(step)
        elif step.method == "DELETE":
            results[step.index] = _in_place(transaction, step, _delete)
    for step in _conditional_last(writes):
        found = existing[step.index]
        if step.method == "POST" and found is not None:
            results[step.index] = Result(200, found)
        else:
            results[step.index] = _in_place(transaction, step, _write)
    for step in steps:
        if step.method == "GET":
            results[step.index] = _in_place(transaction, step, _get)
    return [results[step.index] for step in steps]


def perform_batch(transaction: Transaction, bundle_: Resource) -> list[Result]:
    """Each entry in a savepoint of its own; never raises Fault."""
    results = []
    for index, entry in enumerate(bundle_.get("entry", [])):
        kept = len(transaction.written)
        try:
            step = read_entry(entry, index, transaction.base)
            with transaction.connection.begin_nested():
                results.append(_perform_alone(transaction, step))
        except Fault as error:
            del transaction.written[kept:]
            told = error.below(f"Bundle.entry[{index}]")
            results.append(Result(error.status, outcome=outcome_text(told.issues)))
    return results


def response_bundle(kind: str, results: Iterable[Result], show: str) -> str:
    """kind: batch or transaction. show: minimal, representation or OperationOutcome."""
    entries = []
    for result in results:
        response = bundle.entry_response(result.status, result.stored)
        text = bundle.to_json({"response": response})
        if result.outcome:
            text = f'{text[:-2]},"outcome":{result.outcome}}}}}'
        body = result.body
        if not body and show == "representation" and result.stored is not None:
            body = result.stored.body
        entries.append(f'{{"resource":{body},{text[1:]}' if body else text)
    return bundle.bundle(f"{kind}-response", entries)


def _perform_alone(transaction: Transaction, step: Step) -> Result:
    if step.method == "GET":
        return _get(transaction, step)
    if step.method == "DELETE":
        _identify(transaction, step)
        return _delete(transaction, step)
    assert step.resource is not None
    if step.method == "POST":
        return Result(*interactions.create(transaction, step.resource, step.if_none_exist))
    if step.target.id is None:
        found = interactions.update_conditional(
            transaction, step.resource, step.target.query, step.if_match
        )
        return Result(*found)
    return Result(*interactions.update(transaction, step.resource, step.target.id, step.if_match))


def _identify(transaction: Transaction, step: Step) -> Stored | None:
    """Settles where the step writes; gives what a conditional create found."""
    target = step.target
    if step.method == "POST":
        if step.if_none_exist is not None:
            found = interactions.match_one(transaction, target.kind, step.if_none_exist)
            step.id = found.id if found else interactions.new_id()
            return found
        step.id = interactions.new_id()
    elif step.method == "PUT" and target.id is None:
        assert step.resource is not None
        step.id = interactions.id_for_conditional(transaction, step.resource, target.query)
        step.resource = step.resource | {"id": step.id}
    elif step.method == "DELETE" and target.id is None:
        found = interactions.match_one(transaction, target.kind, target.query)
        step.id = found.id if found else None
    elif step.method != "GET":
        step.id = target.id
    return None


def _require_distinct(steps: list[Step]) -> None:
    seen: set[tuple[str, str | None]] = set()
    for step in steps:
        identities = {(step.target.kind, step.id)} if step.id else set()
        condition = step.if_none_exist if step.method == "POST" else step.target.query
        if condition and step.method != "GET":
            identities.add((step.target.kind, f"?{condition}"))
        if identities & seen:
            message = "two entries of the transaction mean the same resource"
            raise fault(400, "duplicate", message, f"{step.location}.request")
        seen |= identities


def _new_places(steps: list[Step]) -> Iterable[tuple[str, str]]:
    for step in steps:
        if step.full_url and step.id and step.method in ("POST", "PUT"):
            place = f"{step.target.kind}/{step.id}"
            yield step.full_url, place
            if not step.full_url.lower().startswith("urn:"):
                # A RESTful fullUrl: references relative to the same base mean this entry.
                yield "/".join(step.full_url.split("/")[-2:]), place


def _in_order(steps: list[Step]) -> list[Step]:
    rank = {"DELETE": 0, "POST": 1, "PUT": 2, "GET": 3}
    return sorted(steps, key=lambda step: rank[step.method])


def _conditional_last(writes: list[Step]) -> list[Step]:
    """Conditional references are searched for once everything else is written."""
    return sorted(writes, key=lambda s: next(conditional_references(s.resource), None) is not None)


def _delete(transaction: Transaction, step: Step) -> Result:
    if step.id is None:
        return Result(204)
    removed = interactions.delete(transaction, step.target.kind, step.id, step.if_match)
    return Result(204, removed)


def _write(transaction: Transaction, step: Step) -> Result:
    assert step.resource is not None and step.id is not None

    def find(kind: str, query: str) -> str:
        found = interactions.match_one(transaction, kind, query)
        if found is None:
            message = "a conditional reference finds no resource"
            raise fault(412, "not-found", message, "resource")
        return found.reference

    resource = resolve_conditional(step.resource, find)
    if step.method == "POST":
        return Result(201, store.put(transaction, resource, step.id, "POST", None))
    return Result(*interactions.update(transaction, resource, step.id, step.if_match))


def _get(transaction: Transaction, step: Step) -> Result:
    target = step.target
    pairs = parse_pairs(target.query)
    if target.version is not None and target.id is not None:
        stored = interactions.vread(transaction, target.kind, target.id, target.version)
        return Result(200, stored, stored.body)
    if target.history:
        return Result(200, body=history.history(transaction, target.kind, target.id, pairs))
    if target.id is not None:
        stored = interactions.read(transaction, target.kind, target.id)
        return Result(200, stored, stored.body)
    query = parse(target.kind, pairs, strict=False)
    page = search.run(transaction, query)
    return Result(200, body=bundle.searchset(query, page, transaction.base))


def _in_place(transaction: Transaction, step: Step, act: Callable[[Transaction, Step], T]) -> T:
    """Runs `act` so that its Fault names the entry."""
    try:
        return act(transaction, step)
    except Fault as error:
        raise error.below(step.location) from None
