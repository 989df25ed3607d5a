"""`chartsift study`: the studies that notes are screened for."""

from __future__ import annotations

import typer
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="List, add and retire studies.")


@app.command("list")
def list_studies() -> None:
    """List all studies with their newest version."""
    from services.commands.console import call, out
    from shared.settings import Settings

    studies = call("GET", f"{Settings().trials_url}/studies").json()
    table = Table("study", "version", "status", "criteria", "questions", "title", box=None)
    for study in studies:
        table.add_row(
            study["id"],
            str(study["version"]),
            study.get("status", ""),
            str(len(study["criteria"])),
            str(len(study["questions"])),
            study["title"],
        )
    out.print(table)
