from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.trials.tables import TABLES
from shared.criteria.study import Study, check_study
from shared.database import create_tables, open_engine


def a_study(id: str = "x", title: str = "T", version: int = 1) -> Study:
    return check_study(
        {
            "id": id,
            "version": version,
            "title": title,
            "questions": [{"id": "af", "type": "boolean", "text": "AF?"}],
            "criteria": [{"id": "af", "kind": "inclusion", "when": "af"}],
        }
    )


@pytest.fixture
def study() -> Study:
    return a_study()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path / 'trials.db'}")
    create_tables(engine, TABLES)
    return engine
