"""Patience with a FHIR server that is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from shared.fhir.errors import FhirUnavailable

T = TypeVar("T")


async def retrying(operation: Callable[[], Awaitable[T]], *, patience: float = 60.0) -> T:
    """Runs `operation` again while it raises FhirUnavailable, for up to `patience` seconds.

    Waits 0.5, 1, 2, ... up to 30 s, each with up to half a second of jitter, and at least as
    long as the server asks by Retry-After. Raises the last FhirUnavailable. Repeat only what
    may happen twice.
    """
    growing = wait_exponential(multiplier=0.5, max=30) + wait_random(0, 0.5)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, FhirUnavailable) else None
        return max(growing(state), asked or 0.0)

    attempts = AsyncRetrying(
        retry=retry_if_exception_type(FhirUnavailable),
        stop=stop_before_delay(patience),
        wait=wait,
        reraise=True,
    )

    async def attempt() -> T:  # tenacity awaits a coroutine function alone, not a lambda of one
        return await operation()

    return await attempts(attempt)
