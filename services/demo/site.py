"""Where the demo runs: a fresh data folder, free ports, and the settings of its services."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from shared.settings import Settings

AS_OF = date(2026, 10, 31)  # the sample hospital is screened as of this day
FIRST_PORT = 8010
_MARK = "made-by-chartsift-demo"


class FolderInUse(Exception):
    """The folder holds something that the demo did not make; the message says what to do."""


def fresh_folder(folder: Path) -> Path:
    """Empties a folder of an earlier demo, or makes it. Raises FolderInUse for any other."""
    mark = folder / _MARK
    if mark.exists():
        shutil.rmtree(folder)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderInUse(
            f"{folder} holds files that are not the demo's. Choose another one: "
            "chartsift demo --folder FOLDER"
        )
    folder.mkdir(parents=True)
    mark.touch()
    return folder.resolve()


def free_ports() -> Iterator[int]:
    """Free ports of this machine from the default one upwards."""
    for port in range(FIRST_PORT, 65536):
        with socket.socket() as probe:
            # As servers do: a port that an ended demo used a moment ago counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


def environment(folder: Path) -> dict[str, str]:
    """Variables that put every service on this machine, in `folder` and on free ports, whatever
    the person's own settings say. The student stays theirs to choose."""
    ports = free_ports()
    fhir, ingest, trials = (f"http://127.0.0.1:{next(ports)}" for _ in range(3))
    return {
        "CHARTSIFT_DATA_DIR": str(folder),
        "CHARTSIFT_BUS_URL": "",
        "CHARTSIFT_DATABASE_URL": "",
        "CHARTSIFT_FHIR_URL": f"{fhir}/fhir",
        "CHARTSIFT_FHIR_TOKEN": "",
        "CHARTSIFT_INGEST_URL": ingest,
        "CHARTSIFT_TRIALS_URL": trials,
        "CHARTSIFT_AS_OF": AS_OF.isoformat(),
    }


def settings_of(variables: dict[str, str]) -> Settings:
    """The settings that a child process with these variables has."""
    prefix = str(Settings.model_config["env_prefix"])
    values: dict[str, Any] = {
        name.removeprefix(prefix).lower(): value for name, value in variables.items()
    }
    return Settings(**values)
