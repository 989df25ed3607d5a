"""A stand-in for a teacher: a real HTTP server that speaks the OpenAI chat API in front of the
items of a dataset folder. It thinks nothing: it recognises the note in the request by its text and
returns what stands in the folder. It is there for tests and for runs on a machine without GPU, and
says so in its model name.

python -m training.teacher.stand_in --dataset training/data --port 8000
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from training.dataset.reading import DatasetError, read_notes
from training.dataset.records import TeacherNote
from training.teacher.faults import Fault, FaultKind, Faults
from training.teacher.stand_in_app import MODEL, Asked, stand_in_app

START_WITHIN = 20.0  # seconds


@dataclass(frozen=True)
class StandIn:
    """A running stand-in. asked: what it was asked so far, in order; faults: to be set."""

    base_url: str
    model: str = MODEL
    asked: list[Asked] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)


@contextmanager
def stand_in(notes: Sequence[TeacherNote], *faults: Fault, port: int = 0) -> Iterator[StandIn]:
    """Serves in a thread of this process, on loopback only, for as long as the block lasts.

    port 0: a free one. Raises OSError: the port is taken; RuntimeError: it does not come up.
    """
    listening = socket.create_server(("127.0.0.1", port))
    state = StandIn(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", faults=Faults(*faults))
    server = _server(notes, state)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        give_up = time.monotonic() + START_WITHIN
        while not server.started:
            if not thread.is_alive() or time.monotonic() > give_up:
                raise RuntimeError("the stand-in teacher does not start")
            time.sleep(0.01)
        yield state
    finally:
        server.should_exit = True
        thread.join(START_WITHIN)
        listening.close()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.teacher.stand_in",
        description="A stand-in for a teacher model: returns the items that a dataset folder "
        "holds for a note, through the OpenAI chat API, on this machine only.",
    )
    parser.add_argument("--dataset", type=Path, default=Path("training/data"), metavar="FOLDER")
    parser.add_argument("--port", type=int, default=8000, help="0: a free one")
    parser.add_argument(
        "--fault", action="append", default=[], choices=[str(kind) for kind in FaultKind]
    )
    chosen = parser.parse_args(arguments)
    try:
        notes = read_notes(chosen.dataset / "notes")
        listening = socket.create_server(("127.0.0.1", chosen.port))
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot listen on port {chosen.port}: {error.strerror}", file=sys.stderr)
        return 1
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    faults = Faults(*(Fault(fault=FaultKind(kind)) for kind in chosen.fault))
    print(
        f"{MODEL}: no model, only the items written beforehand for {len(notes)} notes of "
        f"{chosen.dataset}, at {url}",
        flush=True,
    )
    with listening:
        _server(notes, StandIn(url, faults=faults)).run([listening])
    return 0


def _server(notes: Sequence[TeacherNote], state: StandIn) -> uvicorn.Server:
    app = stand_in_app(notes, state.faults, state.asked)
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
