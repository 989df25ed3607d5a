"""Scores a student on the held-out training notes.

python -m training.evaluate.heldout_command [NOTES] [--engine encoder] [--held-out 0.1]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import track
from rich.table import Table

from training.dataset import DatasetError, read_notes, split_notes
from training.evaluate.engines import EngineNotOpenedError, open_engine
from training.evaluate.heldout import Slice, answer_items, slices
from training.evaluate.scoring import Metric
from training.evaluate.table import NOTHING, TITLES

TEACHER_NOTES = Path(__file__).parents[1] / "data/teacher/notes"

_slices: TypeAdapter[dict[str, Slice]] = TypeAdapter(dict[str, Slice])


def score_held_out(
    notes: Annotated[Path, typer.Argument(help="Folder of *.jsonl notes.")] = TEACHER_NOTES,
    engine: Annotated[str, typer.Option(help="Student engine, or a baseline.")] = "encoder",
    held_out: Annotated[float, typer.Option(help="Share of the notes that is held out.")] = 0.1,
    salt: Annotated[str, typer.Option(help="Salt of the split.")] = "",
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file.")] = None,
) -> None:
    """Score a student on held-out notes: all items, by type, by difficulty."""
    try:
        chosen = split_notes(read_notes(notes), held_out, salt).held_out
        student = open_engine(engine)
    except (DatasetError, EngineNotOpenedError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    outcomes = answer_items(student, track(chosen, description=engine))
    parts = slices(outcomes)
    Console().print(_table(f"{student.version}: {len(chosen)} held-out notes", parts))
    if json is not None:
        json.write_bytes(_slices.dump_json(parts, indent=2))


def _table(title: str, parts: dict[str, Slice]) -> Table:
    table = Table(title=title)
    table.add_column("", no_wrap=True)
    for name in parts:
        table.add_column(name, justify="right")
    table.add_row("items", *(str(part.items) for part in parts.values()))
    table.add_row("right", *(f"{part.right:.3f}" for part in parts.values()))
    for metric in Metric:
        values = (part.metrics[metric].value for part in parts.values())
        cells = (NOTHING if value is None else f"{value:.3f}" for value in values)
        table.add_row(TITLES[metric], *cells)
    return table


if __name__ == "__main__":
    typer.run(score_held_out)
