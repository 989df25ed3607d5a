"""How ChartSift proves to a FHIR server who it is.

A bearer token from the settings, or nothing (the embedded server). Other ways, such as SMART
Backend Services, are further `httpx.Auth` classes chosen in `authentication`.
"""

from __future__ import annotations

from collections.abc import Generator

import httpx

from shared.settings import Settings


class BearerToken(httpx.Auth):
    """Sends one fixed token with every request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def authentication(settings: Settings) -> httpx.Auth | None:
    """The way the settings ask for; None: no authentication."""
    if settings.fhir_token and settings.fhir_token.get_secret_value():
        return BearerToken(settings.fhir_token.get_secret_value())
    return None
