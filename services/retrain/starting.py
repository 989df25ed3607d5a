"""Starts runs: for a caller, for the schedule, for a job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine

from services.retrain import runs
from services.retrain.config import DEFAULT, plan_of, read_retrain_config
from services.retrain.tables import RunRow
from shared.settings import Settings


def folder_of(settings: Settings, run_id: str) -> Path:
    """What a run writes lies in it: its lock, the corrections, and the run's own folder `run`."""
    return (settings.data_dir / "retrain" / run_id).resolve()


def start(
    engine: Engine,
    settings: Settings,
    study: str,
    config_name: str = DEFAULT,
    overrides: Mapping[str, Any] | None = None,
    due_at: datetime | None = None,
) -> RunRow:
    """A queued run with the configuration as the files have it now.

    Raises NotConfigured, UnknownConfig, RetrainConfigError, RunConfigError, RunUnderWay,
    AlreadyStarted.
    """
    config = read_retrain_config(settings.retrain_config)
    id = uuid4().hex
    folder = folder_of(settings, id) / "run"
    plan = plan_of(config, study, folder, config_name, overrides)
    return runs.create(engine, id, study, config_name, plan.model_dump_json(), due_at)
