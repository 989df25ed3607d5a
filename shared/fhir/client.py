"""Async FHIR R4 client: the only way in which a service talks to a FHIR server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

Resource = dict[str, Any]


class FhirError(Exception):
    """A FHIR server said no. status: HTTP status; the message is the OperationOutcome in words
    (codes and locations only: diagnostics that could hold patient text are left out)."""

    status: int


class FhirNotFound(FhirError):
    """404 or 410."""


class FhirConflict(FhirError):
    """409 or 412: somebody else changed it; read again and decide."""


class FhirInvalid(FhirError):
    """400 or 422: the server rejects the resource; sending it again does not help."""


class FhirUnavailable(FhirError):
    """No connection, time-out, 429, 5xx: later. retry_after: seconds, where the server said."""

    retry_after: float | None


@dataclass(frozen=True)
class Entry:
    """One entry of a transaction: PUT with id, conditional PUT (`query`), or conditional POST
    (`if_none_exist`)."""

    method: str  # PUT | POST | DELETE
    resource: Resource | None
    url: str
    if_match: str | None = None
    if_none_exist: str | None = None


@dataclass(frozen=True)
class EntryResult:
    status: int
    location: str | None  # Type/id/_history/version
    version_id: str | None
    resource: Resource | None


class FhirClient:
    """`async with FhirClient(url) as fhir:`"""

    def __init__(self, base_url: str, token: str | None = None, timeout: float = 30.0) -> None: ...

    async def read(self, kind: str, id: str) -> Resource: ...

    async def read_reference(self, reference: str) -> Resource:
        """A relative reference, or an absolute one below this server's base; another host raises
        ValueError."""
        ...

    def search(
        self, kind: str, params: Mapping[str, str | Sequence[str]], *, fresh: bool = False
    ) -> AsyncIterator[Resource]:
        """Every match over all pages; included resources too. fresh: Cache-Control no-cache."""
        ...

    async def create(self, resource: Resource, if_none_exist: str | None = None) -> Resource: ...

    async def put(self, resource: Resource, if_match: str | None = None) -> Resource:
        """Update, or create at that id. if_match: a versionId. Returns what now stands."""
        ...

    async def put_conditional(self, resource: Resource, query: str) -> Resource: ...

    async def delete(self, kind: str, id: str) -> None: ...

    async def transaction(self, entries: Sequence[Entry]) -> list[EntryResult]:
        """All or nothing; results in the order of the entries."""
        ...

    async def batch(self, entries: Sequence[Entry]) -> list[EntryResult]:
        """Each for itself; a failed entry has its status and no resource."""
        ...

    async def capability(self) -> Resource: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...
