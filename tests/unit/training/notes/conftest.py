"""Files in the formats of the sources; every text in them was written for these tests."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

MakeTable = Callable[..., Path]


@pytest.fixture
def table(tmp_path: Path) -> MakeTable:
    """Writes a CSV file as PostgreSQL exports it for MIMIC; .gz by its name."""

    def make(name: str, header: str, rows: Iterable[Iterable[object]]) -> Path:
        file = tmp_path / name
        out = io.StringIO()
        out.write(header + "\n")
        csv.writer(out, lineterminator="\n").writerows(rows)
        content = out.getvalue().encode()
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return file

    return make
