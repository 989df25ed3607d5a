"""The process of a run: reads the corrections, then carries the run out. It is spawned, so that
whatever becomes of it (out of memory, killed, a crash in native code) leaves the service alone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol

from services.retrain.claims import Claim, Result, begin
from services.retrain.config import CorrectionsOf, Plan
from services.retrain.reporter import GONE, Reporter
from services.retrain.tables import RunState
from shared.database import open_engine
from shared.settings import Settings
from shared.telemetry import configure_logging, describe, get_logger
from training.distill.config import RunConfig
from training.distill.lock import FolderBusy, held
from training.progress import Say

BUSY = 75  # status of a process that found another one at work


class Decision(Protocol):
    @property
    def promote(self) -> bool: ...


class Outcome(Protocol):
    """See `training.distill.run.Outcome`."""

    @property
    def version(self) -> str | None: ...
    @property
    def decision(self) -> Decision | None: ...
    @property
    def promoted(self) -> bool: ...
    @property
    def stopped(self) -> bool: ...


Execute = Callable[..., Outcome]
"""`training.distill.run.run`, or a function that takes the same."""


class NoSuchFunction(ValueError):
    """`execute` of retrain.yaml names nothing that can be called."""


def main(settings: Settings, claim: Claim) -> None:
    """Ends with status 0 once the database has the result."""
    os.setsid()  # a group of its own, which can be killed with all that it starts
    configure_logging("retrain-run", settings.log_level)
    plan = Plan.model_validate_json(claim.config)
    engine = open_engine(settings.database("retrain"))
    try:
        with held(plan.run.folder.parent):
            if not begin(engine, claim, os.getpid()):
                raise SystemExit(GONE)
            with Reporter(engine, claim) as reporter:
                signal.signal(signal.SIGTERM, lambda *_: reporter.interrupt())
                _carry_out(settings, claim, plan, reporter)
    except FolderBusy as error:
        get_logger().error("the folder of the run is not free", error=describe(error))
        raise SystemExit(BUSY) from None
    finally:
        engine.dispose()


def _carry_out(settings: Settings, claim: Claim, plan: Plan, reporter: Reporter) -> None:
    try:
        execute = function_named(plan.execute)
        config = _with_corrections(settings, plan, reporter.say)
        outcome = execute(
            config,
            reporter.say,
            should_stop=reporter.should_stop,
            by=f"retrain run {claim.run_id}",
        )
    except Exception as error:
        get_logger().error("run failed", exc_info=error)
        reporter.finish(Result(RunState.FAILED, describe(error)))
        return
    if outcome.stopped and reporter.interrupted:
        reporter.hand_back("interrupted: its process was asked to end")
        return
    if outcome.decision is not None:
        for line in str(outcome.decision).splitlines():
            reporter.say(line)
    reporter.finish(
        Result(
            RunState.STOPPED if outcome.stopped else RunState.SUCCEEDED,
            "asked for" if outcome.stopped else None,
            outcome.version,
            None if outcome.decision is None else outcome.decision.promote,
            outcome.promoted,
        )
    )


def function_named(name: str) -> Execute:
    """name: `module:function`. Raises NoSuchFunction."""
    module, _, function = name.partition(":")
    try:
        found: Execute = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        missing = f"; {error.name} is not installed" if isinstance(error, ImportError) else ""
        raise NoSuchFunction(
            f"execute: {name} cannot be called{missing}. Training needs the extra named train"
        ) from error
    return found


def _with_corrections(settings: Settings, plan: Plan, say: Say) -> RunConfig:
    """Read once for each run: an attempt that goes on has the same data as the one before."""
    if plan.corrections.corrections is CorrectionsOf.NONE:
        return plan.run
    from services.retrain.corrections.folder import (
        read_report,
        rule_for,
        with_corrections,
        write_corrections,
    )
    from services.retrain.corrections.gathering import gather

    folder: Path = plan.run.folder.parent / "corrections"
    rule = rule_for(plan.run, plan.corrections)
    report = read_report(folder)
    if report is None:
        of_study = plan.corrections.corrections is CorrectionsOf.STUDY
        found = asyncio.run(gather(settings, plan.study if of_study else None, say))
        report = write_corrections(folder, found, rule, plan.run, plan.corrections)
        for line in report.lines():
            say(line)
    return with_corrections(plan.run, folder, rule, report)
