"""Verbs that look at the pipeline while it runs: a note's state, and the settings."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from rich.table import Table

_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):[^@\s]*(?=@)")


def note(
    id: Annotated[str, typer.Argument(help="Id of the DocumentReference.")],
) -> None:
    """Show the state of one note: received, queued, answered, written, failed (why), retracted."""
    from services.commands.console import call, fail, out
    from shared.settings import Settings

    settings = Settings()
    response = call("GET", f"{settings.ingest_url}/notes/{id}")
    if response.status_code == 404:
        fail(f"Ingest at {settings.ingest_url} has never accepted a note with the id {id}.")
    table = Table("field", "value", show_header=False, box=None)
    for name, value in response.json().items():
        table.add_row(name, "" if value is None else str(value))
    out.print(table)


def settings() -> None:
    """Show the settings in effect (bold: not the default); secrets are masked."""
    from services.commands.console import out
    from shared.settings import Settings

    effective = Settings()
    table = Table("variable", "value", "meaning", box=None)
    for name, field in Settings.model_fields.items():
        value = getattr(effective, name)
        shown = "" if value is None else _PASSWORD.sub(r"\1:**********", str(value))
        changed = value != field.default
        table.add_row(
            f"CHARTSIFT_{name.upper()}",
            shown,
            field.description,
            style="bold" if changed else None,
        )
    out.print(table)
