"""Stand in for `training.distill.run.run`: they train nothing, keep the order of its steps, and
show one thing each that a run can do to the service. They count how often they were begun in a
file of the run's folder, and go on from the steps that are done there, as the real one does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from training.distill.config import RunConfig, RunConfigError
from training.progress import Say

STEPS = ("generate", "clean", "finetune")


@dataclass(frozen=True)
class Decision:
    promote: bool = True

    def __str__(self) -> str:
        return "promote: better by 0.1"


@dataclass(frozen=True)
class Outcome:
    version: str | None = None
    decision: Decision | None = None
    promoted: bool = False
    stopped: bool = False


def quick(config: RunConfig, say: Say, should_stop: Callable[[], bool], by: str) -> Outcome:
    """Does each step once."""
    _begin(config)
    return _steps(config, say, by)


def _steps(config: RunConfig, say: Say, by: str) -> Outcome:
    for step in STEPS:
        done = config.folder / step
        if done.exists():
            say(f"{step}: done before")
        else:
            done.write_text(by)
            say(f"{step}: done")
    return Outcome("encoder-0123456789ab", Decision(), promoted=True)


def waiting(config: RunConfig, say: Say, should_stop: Callable[[], bool], by: str) -> Outcome:
    """After its first step it waits for the gate, or to be stopped."""
    _begin(config)
    (config.folder / STEPS[0]).write_text(by)
    say("waiting")
    while not (_home(config) / "gate").exists():
        if should_stop():
            return Outcome(stopped=True)
        time.sleep(0.02)
    return _steps(config, say, by)


def deaf(config: RunConfig, say: Say, should_stop: Callable[[], bool], by: str) -> Outcome:
    """Heeds nothing."""
    _begin(config)
    say("waiting")
    while True:
        time.sleep(1)


def dying(config: RunConfig, say: Say, should_stop: Callable[[], bool], by: str) -> Outcome:
    """Is killed after its first step, each time."""
    _begin(config)
    (config.folder / STEPS[0]).write_text(by)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def dying_once(config: RunConfig, say: Say, should_stop: Callable[[], bool], by: str) -> Outcome:
    """Is killed after its first step, and goes on from there."""
    if not (config.folder / STEPS[0]).exists():
        return dying(config, say, should_stop, by)
    return quick(config, say, should_stop, by)


def refusing(config: RunConfig, say: Say, should_stop: Callable[[], bool], by: str) -> Outcome:
    raise RunConfigError("run.yaml: no such teacher")


def quoting(config: RunConfig, say: Say, should_stop: Callable[[], bool], by: str) -> Outcome:
    """A library's error that holds text of a note."""
    raise KeyError("Mrs. Jones has atrial fibrillation")


def telling(config: RunConfig, say: Say, should_stop: Callable[[], bool], by: str) -> Outcome:
    """What it is to train and to judge on."""
    say(f"trained on {config.corrections}, judged on {config.evaluation.folder}")
    return quick(config, say, should_stop, by)


def _begin(config: RunConfig) -> None:
    config.folder.mkdir(parents=True, exist_ok=True)
    with (config.folder / "begun").open("a") as begun:
        begun.write("x")


def _home(config: RunConfig) -> Any:
    """The data folder of the service."""
    return config.folder.parents[2]
