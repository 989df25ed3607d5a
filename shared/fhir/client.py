"""Async FHIR R4 client: the only way in which a service talks to a FHIR server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, Self

import httpx

from shared.fhir.addresses import etag_of, page_address, relative_reference, versioned_location
from shared.fhir.auth import BearerToken, authentication
from shared.fhir.bundle import Entry, EntryResult, Resource, bundle_of, results_of
from shared.fhir.errors import (
    FhirConflict,
    FhirError,
    FhirInvalid,
    FhirNotFound,
    FhirUnavailable,
    error_of,
)
from shared.fhir.patience import retrying
from shared.settings import Settings

__all__ = [
    "Entry",
    "EntryResult",
    "FhirClient",
    "FhirConflict",
    "FhirError",
    "FhirInvalid",
    "FhirNotFound",
    "FhirUnavailable",
    "Resource",
    "open_fhir",
    "retrying",
]

_FHIR_JSON = "application/fhir+json"
_GIVE_BACK = {"Prefer": "return=representation"}


class FhirClient:
    """`async with FhirClient(url) as fhir:`

    Every method raises FhirError and its kinds (shared.fhir.errors).
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        timeout: float = 30.0,
        *,
        auth: httpx.Auth | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """timeout: seconds for connecting and for each read. auth: instead of a plain token.
        transport: instead of the network, such as an ASGI application."""
        self.base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(
            auth=auth or (BearerToken(token) if token else None),
            timeout=timeout,
            transport=transport,
            headers={"Accept": _FHIR_JSON},
        )

    async def read(self, kind: str, id: str) -> Resource:
        return self._resource(await self._send("GET", f"{kind}/{id}"), kind)

    async def read_reference(self, reference: str) -> Resource:
        """A relative reference, or an absolute one below this server's base; another host raises
        ValueError."""
        relative = relative_reference(reference, self.base_url)
        return self._resource(await self._send("GET", relative), relative.split("/")[0])

    async def search(
        self,
        kind: str,
        params: Mapping[str, str | Sequence[str]],
        *,
        fresh: bool = False,
        patience: float = 0,
    ) -> AsyncIterator[Resource]:
        """Every match over all pages; included resources too. fresh: Cache-Control no-cache.
        patience: seconds for which a page is asked for again while the server is away."""
        headers = {"Cache-Control": "no-cache"} if fresh else {}

        async def page_at(address: str, query: Mapping[str, str | Sequence[str]]) -> httpx.Response:
            doing = f"search {kind}" if address != kind else None
            ask = partial(self._send, "GET", address, params=query, headers=headers, action=doing)
            return await retrying(ask, patience=patience)

        answer = await page_at(kind, params)
        seen: set[str] = set()
        while True:
            page = self._resource(answer, "Bundle")
            for entry in page.get("entry", ()):
                if "resource" in entry and entry.get("search", {}).get("mode") != "outcome":
                    yield entry["resource"]
            links = (link["url"] for link in page.get("link", ()) if link["relation"] == "next")
            following = next(links, None)
            if following is None:
                return
            address = page_address(following, self.base_url, kind)
            if address in seen:
                raise FhirError(f"search {kind}: the server's pages go round in circles", 200)
            seen.add(address)
            answer = await page_at(address, {})

    async def create(self, resource: Resource, if_none_exist: str | None = None) -> Resource:
        """POST. if_none_exist: a search, such as `identifier=system|value`; where it finds one
        resource, that one is returned and nothing is created."""
        kind = resource["resourceType"]
        headers = {"If-None-Exist": if_none_exist} if if_none_exist else {}
        answer = await self._send("POST", kind, json=resource, headers=headers | _GIVE_BACK)
        return await self._standing(answer, kind)

    async def put(self, resource: Resource, if_match: str | None = None) -> Resource:
        """Update, or create at that id. if_match: a versionId. Returns what now stands."""
        kind, id = resource["resourceType"], resource["id"]
        headers = {"If-Match": etag_of(if_match)} if if_match else {}
        answer = await self._send(
            "PUT", f"{kind}/{id}", json=resource, headers=headers | _GIVE_BACK
        )
        return await self._standing(answer, kind, f"{kind}/{id}")

    async def put_conditional(self, resource: Resource, query: str) -> Resource:
        """Update what `query` (such as `identifier=system|value`) finds, or create it."""
        kind = resource["resourceType"]
        answer = await self._send(
            "PUT", f"{kind}?{query}", json=resource, headers=_GIVE_BACK, action=f"PUT {kind}?..."
        )
        return await self._standing(answer, kind)

    async def delete(self, kind: str, id: str) -> None:
        """What is already gone is fine."""
        try:
            await self._send("DELETE", f"{kind}/{id}")
        except FhirNotFound:
            return

    async def transaction(self, entries: Sequence[Entry]) -> list[EntryResult]:
        """All or nothing; results in the order of the entries."""
        return await self._bundle("transaction", entries)

    async def batch(self, entries: Sequence[Entry]) -> list[EntryResult]:
        """Each for itself; a failed entry has its status and no resource."""
        return await self._bundle("batch", entries)

    async def capability(self) -> Resource:
        return self._resource(await self._send("GET", "metadata"), "CapabilityStatement")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    async def _send(
        self,
        method: str,
        address: str,
        *,
        params: Mapping[str, str | Sequence[str]] | None = None,
        json: Resource | None = None,
        headers: Mapping[str, str] | None = None,
        action: str | None = None,
    ) -> httpx.Response:
        """address: below the base, or absolute. action: for errors, where the address holds a
        search and so, perhaps, a patient."""
        absolute = address.startswith(self.base_url)
        url = address if absolute else f"{self.base_url}/{address}".rstrip("/")
        doing = action or f"{method} {address or 'Bundle'}"
        sent = dict(headers or {})
        if json is not None:
            sent["Content-Type"] = _FHIR_JSON
        query = {name: v if isinstance(v, str) else list(v) for name, v in (params or {}).items()}
        try:
            answer = await self._http.request(
                method, url, params=query or None, json=json, headers=sent
            )
        except httpx.TransportError as error:
            raise FhirUnavailable(
                f"{doing}: no answer from {self.base_url} ({type(error).__name__}); "
                "is the FHIR server up, and CHARTSIFT_FHIR_URL right?"
            ) from error
        if answer.status_code >= 300:
            raise error_of(answer.status_code, doing, _json(answer), answer.headers)
        return answer

    def _resource(self, answer: httpx.Response, kind: str) -> Resource:
        body = _json(answer)
        if not isinstance(body, dict) or body.get("resourceType") != kind:
            raise FhirError(
                f"{answer.request.method} {kind}: the answer is no {kind}; "
                f"is {self.base_url} the base URL of a FHIR R4 server?",
                answer.status_code,
            )
        return body

    async def _standing(
        self, answer: httpx.Response, kind: str, address: str | None = None
    ) -> Resource:
        """The resource after a write; servers may answer without a body, then it is read."""
        body = _json(answer)
        if isinstance(body, dict) and body.get("resourceType") == kind:
            return body
        address = versioned_location(answer.headers.get("location")) or address
        if address is None:
            raise FhirError(
                f"{answer.request.method} {kind}: the server names neither resource nor location",
                answer.status_code,
            )
        return self._resource(await self._send("GET", address), kind)

    async def _bundle(self, kind: str, entries: Sequence[Entry]) -> list[EntryResult]:
        if not entries:
            return []
        bundle = bundle_of(kind, entries, self.base_url)
        answer = await self._send("POST", "", json=bundle, headers=_GIVE_BACK, action=kind)
        results = results_of(entries, self._resource(answer, "Bundle"))
        if results is None:
            raise FhirError(f"{kind}: the answer does not fit the entries", answer.status_code)
        return results


def open_fhir(settings: Settings) -> FhirClient:
    """The client of the FHIR server that the settings name."""
    return FhirClient(settings.fhir_url, auth=authentication(settings))


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
