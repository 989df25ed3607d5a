"""Runs the pipeline from notes to promotion, each step once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.distill.config import RunConfig
from training.distill.lock import held
from training.distill.markers import Markers
from training.distill.steps import Run, Step, execute, inputs_of
from training.gate import Decision
from training.progress import Say
from training.registry.errors import RegistryError
from training.teacher.errors import TeacherError

__all__ = ["RUN_ERRORS", "STEPS", "Outcome", "RunStopped", "Step", "run"]

STEPS = tuple(Step)
RUN_ERRORS = (ValueError, OSError, RuntimeError, RegistryError, TeacherError)
"""What a run can end with, each with a message that names cause and cure."""


class RunStopped(Exception):
    """Asked to stop; the same command goes on."""


@dataclass(frozen=True)
class Outcome:
    """version: of the student, once trained. decision: the gate's, once the last step is done."""

    version: str | None = None
    decision: Decision | None = None
    promoted: bool = False
    stopped: bool = False


def run(
    config: RunConfig,
    say: Say,
    steps: Sequence[Step] = STEPS,
    should_stop: Callable[[], bool] = lambda: False,
    by: str | None = None,
) -> Outcome:
    """Each step is skipped if it was done for the same inputs; a killed or stopped one goes on
    where it was. should_stop: asked between steps and at every line of progress.

    Raises RUN_ERRORS, FolderBusy among them. What was done before stays done.
    """

    def heard(line: str) -> None:
        say(line)
        if should_stop():
            raise RunStopped

    with held(config.folder):
        work = Run(config, Markers(config.folder), heard, by)
        try:
            for step in _wanted(config, steps):
                if should_stop():
                    raise RunStopped
                _step(work, step, say)
        except RunStopped:
            say("stopped; the same command goes on from here")
            return Outcome(stopped=True)
        return _outcome(work)


def _wanted(config: RunConfig, steps: Sequence[Step]) -> list[Step]:
    """In the pipeline's order; a run from a dataset has no teacher."""
    ready = {Step.GENERATE, Step.CLEAN} if config.dataset is not None else set()
    return [step for step in STEPS if step in steps and step not in ready]


def _step(work: Run, step: Step, say: Say) -> None:
    inputs = inputs_of(work, step)
    if work.markers.done(step, inputs) is not None:
        say(f"{step}: done before")
        return
    say(f"{step}:")
    work.markers.write(step, inputs, execute(work, step))


def _outcome(work: Run) -> Outcome:
    trained, promoted = work.markers.read(Step.FINETUNE), work.markers.read(Step.PROMOTE)
    file = work.folder / "decision.json"
    decision = None
    if promoted is not None and file.is_file():
        decision = Decision.model_validate_json(file.read_text(encoding="utf-8"))
    return Outcome(
        version=None if trained is None else str(trained.result["version"]),
        decision=decision,
        promoted=promoted is not None and bool(promoted.result["promoted"]),
    )
