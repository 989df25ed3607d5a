"""The studies that ChartSift ships: the YAML files of the folder `studies`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from shared.criteria.study import Study, load_study

FOLDER = Path(__file__).resolve().parents[2] / "studies"


@cache
def shipped_studies() -> tuple[Study, ...]:
    """In the order of their ids. Raises StudyError, FileNotFoundError."""
    paths = sorted(FOLDER.glob("*.yaml"))
    if not paths:
        raise FileNotFoundError(
            f"no studies under {FOLDER}: install ChartSift from its checkout (pip install -e .)"
        )
    return tuple(load_study(path) for path in paths)
