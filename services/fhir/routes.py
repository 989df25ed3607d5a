"""HTTP routes below /fhir: each reads the request, runs one interaction, shapes the answer."""

from __future__ import annotations

import json
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response

from services.fhir import binary, bundle, http, interactions, search
from services.fhir import transaction as bundles
from services.fhir.capability import capability_statement
from services.fhir.entries import Step, require_bundle
from services.fhir.history import history
from services.fhir.outcome import all_well, fault, outcome_text
from services.fhir.query import parse, parse_pairs
from services.fhir.server import Server
from services.fhir.store import Stored, Transaction, current
from shared.fhir.rules import check

Resource = dict[str, Any]


def add_routes(app: FastAPI, server: Server) -> None:
    """Everything the server answers to."""
    routes = Routes(server)
    app.add_api_route("/health", routes.health, methods=["GET"])
    app.add_api_route("/ready", routes.ready, methods=["GET"])
    for method, path, endpoint in (
        ("GET", "/metadata", routes.metadata),
        ("GET", "/_history", routes.history),
        ("POST", "", routes.bundle),
        ("POST", "/", routes.bundle),
        ("GET", "/{kind}", routes.search),
        ("POST", "/{kind}", routes.create),
        ("PUT", "/{kind}", routes.update_conditional),
        ("DELETE", "/{kind}", routes.delete_conditional),
        ("POST", "/{kind}/_search", routes.search_by_post),
        ("POST", "/{kind}/$validate", routes.validate),
        ("GET", "/{kind}/_history", routes.history),
        ("GET", "/{kind}/{id}", routes.read),
        ("PUT", "/{kind}/{id}", routes.update),
        ("DELETE", "/{kind}/{id}", routes.delete),
        ("GET", "/{kind}/{id}/_history", routes.history),
        ("GET", "/{kind}/{id}/_history/{version}", routes.vread),
    ):
        app.add_api_route(f"/fhir{path}", endpoint, methods=[method], response_class=Response)


class Routes:
    """The endpoints, on one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def health(self) -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    async def ready(self) -> dict[str, str]:
        """The database answers."""
        await self._server.read("", lambda t: current(t, "Patient", "-"))
        return {"status": "ready"}

    async def metadata(self, request: Request) -> Response:
        http.require_json_wanted(request)
        base = http.base_of(request)
        statement = capability_statement(base, self._server.started, version("chartsift"))
        return http.json_response(json.dumps(statement))

    async def read(self, request: Request, kind: str, id: str) -> Response:
        return await self._show(
            request, lambda t: interactions.read(t, kind, id), raw=kind == "Binary"
        )

    async def vread(self, request: Request, kind: str, id: str, version: str) -> Response:
        return await self._show(
            request, lambda t: interactions.vread(t, kind, id, version), raw=kind == "Binary"
        )

    async def search(self, request: Request, kind: str) -> Response:
        return await self._search(request, kind, request.url.query)

    async def search_by_post(self, request: Request, kind: str) -> Response:
        form = "application/x-www-form-urlencoded"
        if http.media_type(request.headers.get("content-type", form)) != form:
            raise fault(415, "not-supported", f"a search by POST is sent as {form}")
        body = await http.read_body(request, self._server.max_body)
        return await self._search(request, kind, _joined(request.url.query, body))

    async def history(self, request: Request) -> Response:
        http.require_json_wanted(request)
        kind, id = (request.path_params.get(name) for name in ("kind", "id"))
        pairs = parse_pairs(request.url.query)
        text = await self._server.read(http.base_of(request), lambda t: history(t, kind, id, pairs))
        return http.json_response(text)

    async def create(self, request: Request, kind: str) -> Response:
        prepare = await self._received(request, kind, None)
        condition = request.headers.get("if-none-exist")
        return await self._write(
            request, prepare, lambda t, resource: interactions.create(t, resource, condition)
        )

    async def update(self, request: Request, kind: str, id: str) -> Response:
        prepare = await self._received(request, kind, id)
        if_match = request.headers.get("if-match")
        return await self._write(
            request, prepare, lambda t, resource: interactions.update(t, resource, id, if_match)
        )

    async def update_conditional(self, request: Request, kind: str) -> Response:
        prepare = await self._received(request, kind, None)
        if_match = request.headers.get("if-match")
        query = request.url.query
        return await self._write(
            request,
            prepare,
            lambda t, resource: interactions.update_conditional(t, resource, query, if_match),
        )

    async def delete(self, request: Request, kind: str, id: str) -> Response:
        if_match = request.headers.get("if-match")
        return await self._delete(request, lambda t: interactions.delete(t, kind, id, if_match))

    async def delete_conditional(self, request: Request, kind: str) -> Response:
        query = request.url.query
        return await self._delete(
            request, lambda t: interactions.delete_conditional(t, kind, query)
        )

    async def validate(self, request: Request, kind: str) -> Response:
        interactions.require_served(kind)
        http.require_json_sent(request)
        body = await http.read_body(request, self._server.max_body)
        resource = http.parse_resource(body)
        if resource.get("resourceType") == "Parameters":
            named = {p.get("name"): p for p in resource.get("parameter", [])}
            resource = named.get("resource", {}).get("resource", {})
        issues = await self._server.run(lambda: check(resource))
        text = outcome_text(issues) if issues else json.dumps(all_well("valid"))
        return http.json_response(text)

    async def bundle(self, request: Request) -> Response:
        """Batch and transaction."""
        http.require_json_sent(request)
        http.require_json_wanted(request)
        body = await http.read_body(request, self._server.max_body)
        base = http.base_of(request)
        show = http.preferences(request).get("return", "minimal")
        text = await self._server.write(
            base, partial(_read_bundle, body, base), partial(_perform_bundle, show)
        )
        return http.json_response(text)

    async def _search(self, request: Request, kind: str, query: str) -> Response:
        http.require_json_wanted(request)
        base = http.base_of(request)
        strict = http.preferences(request).get("handling") == "strict"

        def searching(transaction: Transaction) -> str:
            parsed = parse(kind, parse_pairs(query), strict=strict)
            return bundle.searchset(parsed, search.run(transaction, parsed), base)

        return http.json_response(await self._server.read(base, searching))

    async def _show(self, request: Request, find: Any, raw: bool) -> Response:
        if not raw:
            http.require_json_wanted(request)
        stored: Stored = await self._server.read(http.base_of(request), find)
        return binary.response(request, stored) if raw else http.resource_response(stored)

    async def _received(self, request: Request, kind: str, id: str | None) -> Any:
        """Reads the body; gives the function that parses and validates it."""
        http.require_json_wanted(request)
        own_type = kind == "Binary" and not http.is_json(request)
        if not own_type:
            http.require_json_sent(request)
        body = await http.read_body(request, self._server.max_body)

        def prepare() -> Resource:
            sent = binary.from_content(request, body, id) if own_type else http.parse_resource(body)
            return interactions.accept(kind, sent)

        return prepare

    async def _write(self, request: Request, prepare: Any, work: Any) -> Response:
        status, stored = await self._server.write(http.base_of(request), prepare, work)
        return http.written_response(request, status, stored)

    async def _delete(self, request: Request, work: Any) -> Response:
        removed: Stored | None = await self._server.write(
            http.base_of(request), lambda: None, lambda t, _: work(t)
        )
        return Response(status_code=204, headers={"ETag": removed.etag} if removed else None)


def _read_bundle(body: bytes, base: str) -> tuple[Resource, list[Step]]:
    parsed = http.parse_resource(body)
    if parsed.get("resourceType") != "Bundle":
        raise fault(400, "invalid", "only a Bundle is posted to the base URL", "resourceType")
    if parsed.get("type") == "batch":
        require_bundle(parsed)
        return parsed, []
    return parsed, bundles.read_transaction(parsed, base)


def _perform_bundle(show: str, transaction: Transaction, read: tuple[Resource, list[Step]]) -> str:
    sent, steps = read
    if sent["type"] == "batch":
        results = bundles.perform_batch(transaction, sent)
    else:
        results = bundles.perform_transaction(transaction, steps)
    return bundles.response_bundle(sent["type"], results, show)


def _joined(query: str, body: bytes) -> str:
    try:
        return "&".join(part for part in (query, body.decode()) if part)
    except UnicodeDecodeError:
        raise fault(400, "structure", "the body is not UTF-8") from None
