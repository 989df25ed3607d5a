"""The active studies, as the trials service lists them: what extract asks and writeback screens."""

from __future__ import annotations

import time
from typing import Self

import httpx
from pydantic import TypeAdapter, ValidationError

from shared.criteria.question import Question
from shared.criteria.study import Study

LIFETIME = 2.0
"""Seconds for which a catalog may answer from memory. Trials starts a re-screening only after
that, so that no note is answered with a list from before the change."""

_studies: TypeAdapter[tuple[Study, ...]] = TypeAdapter(tuple[Study, ...])


class CatalogUnavailable(Exception):
    """The trials service cannot be asked, and nothing is known from before."""


class StudyCatalog:
    """`async with StudyCatalog(settings.trials_url) as catalog:`; used from one event loop."""

    def __init__(
        self,
        trials_url: str,
        *,
        lifetime: float = LIFETIME,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = f"{trials_url.rstrip('/')}/studies"
        self._lifetime = lifetime
        self._client = client or httpx.AsyncClient(timeout=10.0)
        self._known: tuple[Study, ...] | None = None
        self._etag: str | None = None
        self._fresh_until = 0.0

    async def studies(self) -> tuple[Study, ...]:
        """Every active study, newest version. While trials is down: those last known.
        Raises CatalogUnavailable."""
        if self._known is None or time.monotonic() >= self._fresh_until:
            self._known = await self._ask()
        return self._known

    async def questions(self) -> tuple[Question, ...]:
        """The questions of every active study. Raises CatalogUnavailable."""
        return tuple(question for study in await self.studies() for question in study.questions)

    async def _ask(self) -> tuple[Study, ...]:
        asked_at = time.monotonic()
        headers = {"If-None-Match": self._etag} if self._etag else {}
        try:
            response = await self._client.get(
                self._url, params={"status": "active"}, headers=headers
            )
            if response.status_code == httpx.codes.NOT_MODIFIED and self._known is not None:
                known = self._known
            else:
                known = _studies.validate_json(response.raise_for_status().content)
                self._etag = response.headers.get("ETag")
        except (httpx.HTTPError, ValidationError) as error:
            if self._known is not None:
                return self._known
            raise CatalogUnavailable(
                f"no list of studies from {self._url} ({type(error).__name__}): "
                "start the trials service, or correct CHARTSIFT_TRIALS_URL"
            ) from error
        self._fresh_until = asked_at + self._lifetime
        return known

    async def aclose(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
