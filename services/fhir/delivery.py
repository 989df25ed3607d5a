"""Rest-hook notifications, sent in the background after the commit.

One task for each active Subscription. Changes wait in a set, so that a slow endpoint gets one
notification for what changed several times; each is tried again with growing pauses, and an
endpoint that stays away puts the Subscription into status `error`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy.exc import OperationalError

from services.fhir import search, store, subscription
from services.fhir.query import Query, parse
from services.fhir.store import Store, Stored
from shared.fhir.dates import date_span, microseconds
from shared.telemetry import get_logger

_TIMEOUT_SECONDS = 15.0
_LONGEST_PAUSE_SECONDS = 60.0
_FROM_STORE = ""  # nobody's base URL: only relative references name this server


class Ended(Exception):
    """A Subscription that gets no more. status: what it becomes; reason holds no patient text."""

    def __init__(self, status: str, reason: str | None) -> None:
        super().__init__(reason or status)
        self.status = status
        self.reason = reason


@dataclass
class _Watch:
    """One active Subscription, and the changes it waits to tell of: keys of resources."""

    stored: Stored
    resource: dict[str, Any]
    query: Query
    task: asyncio.Task[None] | None = None
    changed: dict[int, Stored] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Notifier:
    """attempts: how often one notification is tried. backoff: the first pause, in seconds,
    doubled each time. Used from the event loop."""

    def __init__(self, store_: Store, attempts: int, backoff: float) -> None:
        self._store = store_
        self._attempts = attempts
        self._backoff = backoff
        self._watches: dict[int, _Watch] = {}
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False)
        self._log = get_logger()

    async def start(self) -> None:
        """Takes up the Subscriptions that are active."""
        for stored in await asyncio.to_thread(self._active):
            self._watch(stored)

    async def stop(self) -> None:
        tasks = [watch.task for watch in self._watches.values() if watch.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    def announce(self, written: Iterable[Stored]) -> None:
        """Tells of a committed transaction."""
        for stored in written:
            if stored.kind == "Subscription":
                self._watch(stored)
            if stored.deleted:
                continue
            for watch in self._watches.values():
                if watch.query.kind == stored.kind and watch.stored.key != stored.key:
                    watch.changed[stored.key] = stored
                    watch.wake.set()

    def _active(self) -> list[Stored]:
        query = parse("Subscription", [("status", "active")], strict=True)
        with self._store.reading(_FROM_STORE) as transaction:
            return search.find(transaction, query, limit=1000)

    def _watch(self, stored: Stored) -> None:
        old = self._watches.pop(stored.key, None)
        if old is not None and old.task is not None:
            old.task.cancel()
        if stored.deleted:
            return
        resource = stored.resource()
        if resource["status"] != "active":
            return
        watch = _Watch(stored, resource, subscription.criteria(resource))
        if old is not None:
            watch.changed = old.changed
            watch.wake.set()
        watch.task = asyncio.create_task(self._serve(watch), name=f"subscription {stored.id}")
        self._watches[stored.key] = watch

    async def _serve(self, watch: _Watch) -> None:
        while True:
            await watch.wake.wait()
            watch.wake.clear()
            while watch.changed:
                key = next(iter(watch.changed))
                changed = watch.changed[key]
                try:
                    await self._notify(watch, changed)
                except Ended as end:
                    await self._end(watch, end.status, end.reason)
                    return
                except OperationalError as error:  # a full disk or a long lock passes
                    self._log.warning("database unavailable", error=type(error).__name__)
                    await asyncio.sleep(self._backoff)
                    continue
                if watch.changed.get(key) is changed:
                    del watch.changed[key]

    async def _notify(self, watch: _Watch, changed: Stored) -> None:
        current = await asyncio.to_thread(self._current_match, watch, changed)
        if current is None:
            return
        if _is_over(watch.resource):
            raise Ended("off", None)
        failure = ""
        for attempt in range(self._attempts):
            if attempt:
                pause = self._backoff * 2 ** (attempt - 1)
                await asyncio.sleep(min(pause, _LONGEST_PAUSE_SECONDS))
            failure = await self._send(watch.resource, current)
            if not failure:
                return
            self._log.warning(
                "notification failed", id=watch.stored.id, attempt=attempt + 1, reason=failure
            )
        raise Ended("error", f"{self._attempts} attempts failed, the last one: {failure}")

    def _current_match(self, watch: _Watch, changed: Stored) -> Stored | None:
        with self._store.reading(_FROM_STORE) as transaction:
            current = store.current(transaction, changed.kind, changed.id)
            if current is None or not search.is_match(transaction, watch.query, current.key):
                return None
            return current

    async def _send(self, resource: dict[str, Any], changed: Stored) -> str:
        """Why it failed; empty if it did not."""
        channel = resource["channel"]
        endpoint, payload = channel["endpoint"], channel.get("payload")
        headers = subscription.headers(resource)
        try:
            if payload is None:
                answer = await self._client.post(endpoint, headers=headers)
            else:
                answer = await self._client.put(
                    f"{endpoint.rstrip('/')}/{changed.reference}",
                    content=changed.body.encode(),
                    headers={"Content-Type": f"{payload}; charset=utf-8"} | headers,
                )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return f"no answer ({type(error).__name__})"
        return "" if answer.is_success else f"HTTP status {answer.status_code}"

    async def _end(self, watch: _Watch, status: str, reason: str | None) -> None:
        # A newer version of the Subscription has a watch of its own.
        if self._watches.get(watch.stored.key) is watch:
            del self._watches[watch.stored.key]
        await asyncio.to_thread(self._set_status, watch.stored, status, reason)
        self._log.warning("subscription ended", id=watch.stored.id, status=status, reason=reason)

    def _set_status(self, stored: Stored, status: str, reason: str | None) -> None:
        with self._store.writing(_FROM_STORE) as transaction:
            current = store.current(transaction, stored.kind, stored.id)
            if current is None or current.version != stored.version:
                return
            told = {"error": reason} if reason else {}
            resource = current.resource() | {"status": status} | told
            store.put(transaction, resource, current.id, "PUT", current)


def _is_over(resource: dict[str, Any]) -> bool:
    end = resource.get("end")
    return end is not None and date_span(end).low <= microseconds(datetime.now(UTC))
