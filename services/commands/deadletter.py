"""`chartsift deadletter`: messages that a service gave up on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

if TYPE_CHECKING:
    from shared.bus import Bus, DeadLetter

app = typer.Typer(
    no_args_is_help=True,
    help="List, show, replay or drop messages that a service gave up on. A dead letter never "
    "holds up the messages behind it.",
)

Id = Annotated[str, typer.Argument(help="Id of the dead letter, as listed.")]


@app.command("list")
def list_dead_letters(
    topic: Annotated[str | None, typer.Option(help="Only of this topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """List dead letters with their reasons; no patient text."""
    from services.commands.console import out

    with _bus() as bus:
        letters = bus.dead_letters(topic, limit)
    table = Table("id", "topic", "group", "attempts", "at", "reason", box=None)
    for letter in letters:
        table.add_row(
            letter.id,
            letter.topic,
            letter.group,
            str(letter.attempts),
            f"{letter.at:%Y-%m-%d %H:%M:%S}",
            letter.reason,
        )
    out.print(table if letters else "No dead letters.")


@app.command()
def show(
    id: Id,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Print the message itself: it may hold patient text.")
    ] = False,
) -> None:
    """Show one dead letter; its message, which may hold patient text, only with --reveal."""
    from services.commands.console import out

    with _bus() as bus:
        letter = _find(bus, id)
    table = Table("field", "value", show_header=False, box=None)
    table.add_row("id", letter.id)
    table.add_row("topic", letter.topic)
    table.add_row("group", letter.group)
    table.add_row("attempts", str(letter.attempts))
    table.add_row("at", letter.at.isoformat())
    table.add_row("reason", letter.reason)
    table.add_row("size", f"{len(letter.message.value)} bytes")
    out.print(table)
    if reveal:
        text = letter.message.value.decode("utf-8", errors="replace")
        out.print(text, markup=False, highlight=False, soft_wrap=True)


@app.command()
def replay(id: Id) -> None:
    """Put a dead letter back on its topic, for the service that gave up on it."""
    from services.commands.console import out

    with _bus() as bus:
        bus.replay(_find(bus, id).id)
    out.print(f"{id} is on its topic again.")


@app.command()
def drop(
    id: Id,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a dead letter for good."""
    from services.commands.console import out

    with _bus() as bus:
        letter = _find(bus, id)
        if not yes:
            typer.confirm(f"Delete this message of topic {letter.topic} for good?", abort=True)
        bus.drop(letter.id)
    out.print(f"{id} is deleted.")


@contextmanager
def _bus() -> Iterator[Bus]:
    from contextlib import closing

    from services.commands.console import fail
    from shared.bus import BusUnavailable, open_bus
    from shared.settings import Settings

    try:
        with closing(open_bus(Settings().bus())) as bus:
            yield bus
    except (BusUnavailable, ValueError) as error:
        fail(str(error))


def _find(bus: Bus, id: str) -> DeadLetter:
    from services.commands.console import fail

    for letter in bus.dead_letters(limit=1_000_000):
        if letter.id == id:
            return letter
    fail(f"There is no dead letter {id}: see chartsift deadletter list.")
