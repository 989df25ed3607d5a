"""Runs one service in this process until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.settings import Settings
from shared.telemetry import configure_logging, get_logger

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE = 5  # seconds that open requests are given at the end


def serve(
    name: str,
    create_app: Callable[[Settings], FastAPI],
    url: str,
    host: str | None,
    port: int | None,
) -> None:
    """Serves an app where `url` says, or at `host` and `port`. Requests are not logged: their
    parameters can identify a patient."""
    import uvicorn

    settings = Settings()
    address = urlsplit(url)
    with _logging(name, settings):
        uvicorn.run(
            create_app(settings),
            host=host or address.hostname or "127.0.0.1",
            port=port or address.port or (443 if address.scheme == "https" else 80),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE,
        )


def work(name: str, run: Callable[[Settings, asyncio.Event], Awaitable[None]]) -> None:
    """Runs a worker; SIGTERM and SIGINT let it finish what is in its hands."""
    settings = Settings()

    async def until_stopped() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(settings, stop)

    with _logging(name, settings):
        asyncio.run(until_stopped())


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does, so that blocks are left in
    good order; restores the handlers at the end."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _logging(name: str, settings: Settings) -> Iterator[None]:
    """What ends the service goes to the log, as all else without patient text."""
    configure_logging(name, settings.log_level)
    try:
        yield
    except Exception as error:
        get_logger().critical("service ended", exc_info=error)
        raise SystemExit(1) from None
