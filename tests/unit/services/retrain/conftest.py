from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.retrain.tables import TABLES
from shared.database import create_tables, open_engine
from shared.settings import Settings


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'retrain.db'}")
    create_tables(engine, TABLES)
    yield engine
    engine.dispose()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a retrain.yaml and the run.yaml that it is based on."""
    (tmp_path / "run.yaml").write_text(
        "name: nightly\n"
        "folder: anywhere\n"
        "dataset: dataset\n"
        "student: {preset: encoder, recipe: {epochs: 2}}\n"
        "registry: registry\n"
    )
    (tmp_path / "retrain.yaml").write_text(
        "base: run.yaml\n"
        "configs:\n"
        "  small: {student: {recipe: {epochs: 1}}}\n"
        "nightly: {af: default, dm: small}\n"
    )
    return tmp_path


@pytest.fixture
def settings(files: Path) -> Settings:
    return Settings(_env_file=None, data_dir=files, retrain_config=files / "retrain.yaml")
