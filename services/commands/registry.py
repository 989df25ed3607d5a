"""`chartsift student`: the registry of students, and which one is in service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

if TYPE_CHECKING:
    from training.gate import Decision
    from training.registry import Registry

app = typer.Typer(no_args_is_help=True, help="Keep students, promote one, roll back.")

Url = Annotated[
    str | None,
    typer.Option("--registry", help="Folder or s3://...; as CHARTSIFT_REGISTRY_URL says."),
]
Version = Annotated[str, typer.Argument(help="As `chartsift student list` shows it.")]
By = Annotated[str | None, typer.Option(help="Who does it; this user on this machine.")]
Reason = Annotated[str | None, typer.Option(help="Why, for the log.")]


@app.command("list")
def list_students(
    registry: Url = None,
    history: Annotated[bool, typer.Option("--history", help="What happened, too.")] = False,
) -> None:
    """List the students of the registry; the one in service is bold."""
    from services.commands.console import fail, out
    from training.registry import RegistryError, State

    opened = _open(registry)
    try:
        students = opened.entries()
        events = opened.history() if history else []
    except RegistryError as error:
        fail(str(error))
    if not students:
        out.print(f"No students in {opened.url}.")
    table = Table(Column("student", no_wrap=True), "state", "added (UTC)", "by", box=None)
    for one in students:
        style = "bold" if one.state is State.IN_SERVICE else None
        table.add_row(one.version, one.state, f"{one.added:%Y-%m-%d %H:%M}", one.by, style=style)
    if students:
        out.print(table)
    if events:
        told = Table("#", "what", Column("student", no_wrap=True), box=None)
        for title in ("in the place of", "when (UTC)", "by", "why"):
            told.add_column(title)
        for event in events:
            told.add_row(
                str(event.number),
                event.kind,
                event.version,
                event.previous or "",
                f"{event.at:%Y-%m-%d %H:%M}",
                event.by,
                event.reason or ("passed the gate" if event.decision else ""),
            )
        out.print(told)


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(help="Folder of a student, with student.json.")],
    registry: Url = None,
    by: By = None,
) -> None:
    """Store a student as a candidate, and show it on MLflow if CHARTSIFT_MLFLOW_URI is set."""
    from services.commands.console import fail, out
    from shared.settings import Settings
    from shared.students.version import StudentFolderError
    from training.registry import RegistryError, read_entry
    from training.registry.mirror import Mirror

    opened = _open(registry)
    try:
        version = opened.add(folder, by)
        out.print(f"{version} is in {opened.url} ({opened.state(version)}).")
        mlflow_uri = Settings().mlflow_uri
        if mlflow_uri:
            number = Mirror(mlflow_uri).show(read_entry(folder))
            out.print(f"Shown on {mlflow_uri} as version {number}.")
    except (StudentFolderError, RegistryError) as error:
        fail(str(error))


@app.command()
def promote(
    version: Version,
    decision: Annotated[
        Path | None, typer.Option(help="The gate's decision, as JSON; it must say yes.")
    ] = None,
    without_gate: Annotated[
        bool, typer.Option("--without-gate", help="You take it upon you; --reason says why.")
    ] = False,
    reason: Reason = None,
    registry: Url = None,
    by: By = None,
) -> None:
    """Bring a student into service, by the gate's decision. Extract takes it up by itself; notes
    already answered are not asked again."""
    from services.commands.console import fail, out
    from training.registry import RegistryError

    if (decision is None) is not without_gate:
        fail("Give either --decision FILE, or --without-gate with --reason.")
    if without_gate and not reason:
        fail("--without-gate needs --reason: it stands in the log for good.")
    opened = _open(registry)
    told = None if decision is None else _read_decision(decision)
    try:
        opened.promote(version, told, by, reason)
    except RegistryError as error:
        fail(str(error))
    out.print(f"{version} is in service.")
    _show_in_service(version)


@app.command("roll-back")
def roll_back(registry: Url = None, by: By = None, reason: Reason = None) -> None:
    """Bring the student before the one in service into service again."""
    from services.commands.console import fail, out
    from training.registry import RegistryError

    try:
        version = _open(registry).roll_back(by, reason)
    except RegistryError as error:
        fail(str(error))
    out.print(f"{version} is in service again.")
    _show_in_service(version)


@app.command()
def retire(version: Version, registry: Url = None, by: By = None, reason: Reason = None) -> None:
    """Take a student out of consideration: no candidate, and none to go back to."""
    from services.commands.console import fail, out
    from training.registry import RegistryError

    try:
        _open(registry).retire(version, by, reason)
    except RegistryError as error:
        fail(str(error))
    out.print(f"{version} is retired.")


@app.command()
def fetch(
    into: Annotated[Path, typer.Argument(help="Folder that the student's folder is put into.")],
    version: Annotated[
        str | None, typer.Option(help="As `chartsift student list` shows it; the one in service.")
    ] = None,
    registry: Url = None,
) -> None:
    """Fetch a student, verified file by file."""
    from services.commands.console import fail, out
    from training.registry import RegistryError

    opened = _open(registry)
    try:
        wanted = version or opened.in_service()
        if wanted is None:
            fail(f"No student is in service in {opened.url}; name one with --version.")
        out.print(str(opened.fetch(wanted, into)), soft_wrap=True)
    except (RegistryError, OSError) as error:
        fail(str(error))


@app.command()
def card(version: Version, registry: Url = None) -> None:
    """Print a student's model card."""
    from rich.markdown import Markdown

    from services.commands.console import fail, out
    from training.registry import RegistryError

    try:
        text = _open(registry).card(version)
    except RegistryError as error:
        fail(str(error))
    if text is None:
        fail(f"{version} has no model card.")
    out.print(Markdown(text))


def _open(url: str | None) -> Registry:
    from services.commands.console import fail
    from shared.settings import Settings
    from training.registry import Registry, RegistryError

    chosen = url or Settings().registry_url
    if not chosen:
        fail("Which registry? Give --registry, or set CHARTSIFT_REGISTRY_URL.")
    try:
        return Registry(chosen)
    except RegistryError as error:
        fail(str(error))


def _read_decision(file: Path) -> Decision:
    from pydantic import ValidationError

    from services.commands.console import fail
    from training.gate import Decision

    try:
        return Decision.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        fail(f"{file} is no decision of the gate: {error}")


def _show_in_service(version: str) -> None:
    """The registry is what counts: a server that is away is only reported."""
    from services.commands.console import err
    from shared.settings import Settings
    from training.registry import RegistryError
    from training.registry.mirror import Mirror

    mlflow_uri = Settings().mlflow_uri
    if mlflow_uri:
        try:
            Mirror(mlflow_uri).put_in_service(version)
        except RegistryError as error:
            err.print(f"Not shown on MLflow: {error}", style="yellow", markup=False)
