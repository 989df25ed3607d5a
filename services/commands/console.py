"""How commands talk to the person in front of them, and to the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    import httpx

out = Console()
err = Console(stderr=True)


def fail(message: str) -> NoReturn:
    """Ends the command with status 1 and a message that names cause and cure."""
    err.print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(1)


def call(method: str, url: str, *, yaml: bytes | None = None) -> httpx.Response:
    """One request to a service of ours; ends the command unless it succeeds or says 404."""
    import httpx

    try:
        headers = {} if yaml is None else {"Content-Type": "application/yaml"}
        response = httpx.request(method, url, content=yaml, headers=headers, timeout=30)
    except httpx.HTTPError as error:
        fail(
            f"No answer from {url} ({type(error).__name__}). Are the services running "
            "(chartsift up), and is the URL right (chartsift settings)?"
        )
    if response.is_error and response.status_code != 404:
        fail(f"{method} {url} was refused with {response.status_code}: {_words(response)}")
    return response


def _words(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return response.text[:500]
    detail = body.get("detail", body) if isinstance(body, dict) else body
    return str(detail)[:2000]
