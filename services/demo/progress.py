"""How far the notes have come, as ingest tells it, shown while the person waits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

STAGES = {
    "acknowledged": "acknowledged by ingest",
    "answered": "answered by the student",
    "written": "written to the FHIR server",
}
LINE_EVERY = 5.0  # seconds between two lines where there is no terminal


async def note_states(http: httpx.AsyncClient, ingest_url: str) -> dict[str, int]:
    """How many notes there are in each state. Raises httpx.HTTPError."""
    response = await http.get(f"{ingest_url}/notes", params={"limit": "1"})
    response.raise_for_status()
    return {str(state): int(number) for state, number in response.json()["states"].items()}


async def a_failure(http: httpx.AsyncClient, ingest_url: str) -> str:
    """Id of a note that has failed, and why. Raises httpx.HTTPError."""
    response = await http.get(f"{ingest_url}/notes", params={"state": "failed", "limit": "1"})
    (note,) = response.raise_for_status().json()["notes"]
    return f"{note['id']}: {note['reason']}"


@dataclass
class Stages:
    """Bars on a terminal, a line now and then elsewhere. already: notes that were written before
    the `total` that are watched."""

    total: int
    already: int
    console: Console
    bars: Progress | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    _shown: tuple[int, ...] = (0,) * len(STAGES)
    _next_line: float = 0.0

    def sent(self) -> None:
        self.counts["acknowledged"] += 1
        self._show()

    def reached(self, states: Mapping[str, int]) -> None:
        """states: as ingest tells them; a note that is written has been answered before."""
        written = states.get("written", 0) - self.already
        answered = states.get("answered", 0)
        self.counts |= {"answered": answered + written, "written": written}
        self._show()

    def _show(self) -> None:
        if self.bars is not None:
            for task, number in zip(self.bars.task_ids, self.counts.values(), strict=True):
                self.bars.update(task, completed=number)
            return
        now, counts = time.monotonic(), tuple(self.counts.values())
        finished = counts == (self.total,) * len(STAGES)
        if counts != self._shown and (finished or now >= self._next_line):
            parts = [f"{number} {stage}" for stage, number in self.counts.items()]
            self.console.print(f"{', '.join(parts)}, of {self.total} notes", highlight=False)
            self._shown, self._next_line = counts, now + LINE_EVERY


@contextmanager
def stages(total: int, already: int, console: Console) -> Iterator[Stages]:
    if not console.is_terminal:
        yield Stages(total, already, console)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bars:
        for words in STAGES.values():
            bars.add_task(words, total=total)
        yield Stages(total, already, console, bars)
