"""`chartsift study`: the studies that notes are screened for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="List, add, change and retire studies.")


@app.command("list")
def list_studies(
    all_: Annotated[bool, typer.Option("--all", help="Retired ones too.")] = False,
) -> None:
    """List the studies with their newest versions."""
    from services.commands.console import call, out
    from shared.settings import Settings

    status = "all" if all_ else "active"
    studies = call("GET", f"{Settings().trials_url}/studies?status={status}").json()
    table = Table("study", "version", "criteria", "questions", "title", box=None)
    for study in studies:
        table.add_row(
            study["id"],
            str(study["version"]),
            str(len(study["criteria"])),
            str(len(study["questions"])),
            study["title"],
        )
    out.print(table)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A study as YAML.")],
) -> None:
    """Add a study, or its next version; past notes are screened for it.

    A next version says so itself: `version` in the file is one above the newest.
    """
    from services.commands.console import call, fail, out
    from shared.criteria.problems import StudyError
    from shared.criteria.study import load_study
    from shared.settings import Settings

    try:
        study = load_study(file)
    except StudyError as error:
        fail(str(error))
    url = f"{Settings().trials_url}/studies"
    if call("GET", f"{url}/{study.id}").status_code == 404:
        call("POST", url, yaml=file.read_bytes())
    else:
        call("PUT", f"{url}/{study.id}", yaml=file.read_bytes())
    out.print(f"{study.id} version {study.version} is active; past notes are being screened.")


@app.command()
def retire(id: Annotated[str, typer.Argument(help="Id of the study.")]) -> None:
    """Ask a study's questions no more; what was found stays on the FHIR server."""
    from services.commands.console import call, fail, out
    from shared.settings import Settings

    response = call("POST", f"{Settings().trials_url}/studies/{id}/retire")
    if response.status_code == 404:
        fail(f"There is no study {id}: see chartsift study list --all.")
    out.print(f"{id} is retired.")
