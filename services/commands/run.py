"""Verbs that run services: one alone, all of one machine, or the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Host = Annotated[
    str | None, typer.Option(help="Address to bind; as the service's URL says unless given.")
]
Port = Annotated[
    int | None, typer.Option(help="Port to bind; as the service's URL says unless given.")
]


def fhir(host: Host = None, port: Port = None) -> None:
    """Serve the embedded FHIR R4 server (for laptops and tests; see CHARTSIFT_FHIR_URL)."""
    from services.fhir.app import create_app
    from services.running import serve
    from shared.settings import Settings

    serve("fhir", create_app, Settings().fhir_url, host, port)


def ingest(host: Host = None, port: Port = None) -> None:
    """Serve the door for notes: acknowledges a note once it is durable, tells its state."""
    from services.ingest.app import create_app
    from services.running import serve
    from shared.settings import Settings

    serve("ingest", create_app, Settings().ingest_url, host, port)


def trials(host: Host = None, port: Port = None) -> None:
    """Serve the API of studies and their criteria."""
    from services.running import serve
    from services.trials.app import create_app
    from shared.settings import Settings

    serve("trials", create_app, Settings().trials_url, host, port)


def extract() -> None:
    """Run the worker that asks the student every question of every note."""
    from services.extract.worker import run
    from services.running import work

    work("extract", run)


def writeback() -> None:
    """Run the worker that writes answers and eligibility to the FHIR server."""
    from services.running import work
    from services.writeback.worker import run

    work("writeback", run)


def up() -> None:
    """Run all services on this machine, start again what dies, stop cleanly on Ctrl-C."""
    import time

    from services.commands.console import err, fail
    from services.running import interrupted_by_signals
    from services.supervisor import NotReady, Supervisor
    from shared.settings import Settings

    settings = Settings()
    try:
        with interrupted_by_signals(), Supervisor(settings, say=err.print) as services:
            services.wait_until_ready(timeout=120)
            err.print(
                f"Ready. FHIR server {settings.fhir_url}, notes to {settings.ingest_url}, "
                f"studies at {settings.trials_url}. Ctrl-C stops everything."
            )
            while True:
                services.tend()
                time.sleep(0.5)
    except NotReady as error:
        fail(str(error))
    except KeyboardInterrupt:
        err.print("Stopped.")


def demo(
    folder: Annotated[
        Path, typer.Option(help="Data and logs of the demo; made anew each time.")
    ] = Path("var/demo"),
    hospital: Annotated[
        Path | None, typer.Option(help="Patients, notes and key; the sample hospital unless given.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the services running and print their URLs.")
    ] = False,
) -> None:
    """Send a fictional hospital's notes through every service and show who is eligible, and why.

    Starts all services on free ports, pushes 24 patients and 72 notes, reads the results back
    from the FHIR server and compares them with the key.
    """
    from services.commands.console import fail
    from services.demo.command import DemoFailed, run

    try:
        run(folder, hospital, keep)
    except DemoFailed as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Stopped.")
