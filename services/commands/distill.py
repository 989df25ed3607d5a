"""`chartsift distill`: from notes to a better student in service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training.distill.run import Outcome

app = typer.Typer(
    no_args_is_help=True,
    help="Distil a student: generate, clean, finetune, evaluate, register, promote.\n\n"
    "Every verb takes the run's configuration and does that step alone; `run` does all of them. "
    "Whatever was stopped or killed goes on from where it was.",
)

Config = Annotated[Path, typer.Option(help="The run's configuration, run.yaml.")]
_INSTALL = (
    "Distillation needs {}, which is part of the extra named train: "
    "pip install --constraint constraints.txt --editable '.[train]'"
)
NOT_PROMOTED = 3
"""Exit code of a run that ends with the gate's no."""


@app.command()
def run(config: Config) -> None:
    """All steps, up to the promotion if the gate lets the new student pass.

    Exit code 0: promoted, or nothing to decide; 3: the gate said no; 1: an error.
    """
    _show(_run(config, None))


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Folder of the run; emptied first.")] = Path(
        "var/distill-demo"
    ),
    notes: Annotated[int, typer.Option(min=20, help="Sample notes to begin from.")] = 40,
) -> None:
    """The whole way in small, on a machine without GPU, with a stand-in for the teacher."""
    from services.commands.console import fail, out

    try:
        from training.distill.demo import run_demo
        from training.distill.run import RUN_ERRORS
    except ModuleNotFoundError as error:
        fail(_INSTALL.format(error.name))
    try:
        run_demo(folder, notes, lambda line: out.print(line, markup=False, highlight=False))
    except RUN_ERRORS as error:
        fail(str(error))


@app.command()
def presets() -> None:
    """The students that can be trained."""
    from services.commands.console import out
    from training.finetune.presets import PRESETS

    for name, preset in PRESETS.items():
        out.print(f"{name:14} {preset.engine:8} {preset.base}", highlight=False)


def _step(name: str, told: str) -> None:
    def step(config: Config) -> None:
        _show(_run(config, name))

    step.__doc__ = told
    app.command(name)(step)


for _name, _told in {
    "generate": "Have the teacher write questions and answers for every note.",
    "clean": "Turn the teacher's replies into a dataset, and say what was dropped and why.",
    "finetune": "Train the student on the dataset.",
    "evaluate": "Judge the new student and the one in service on the same unseen notes.",
    "register": "Put the new student into the registry, as a candidate.",
    "promote": "Let the gate decide, and bring the new student into service if it says yes.",
}.items():
    _step(_name, _told)


def _run(config: Path, step: str | None) -> Outcome:
    from services.commands.console import fail, out

    try:
        from training.distill.config import read_config
        from training.distill.run import RUN_ERRORS, STEPS, Step
        from training.distill.run import run as run_distillation
    except ModuleNotFoundError as error:
        fail(_INSTALL.format(error.name))

    def say(line: str) -> None:
        out.print(line, markup=False, highlight=False, soft_wrap=True)

    try:
        return run_distillation(read_config(config), say, [Step(step)] if step else STEPS)
    except RUN_ERRORS as error:
        fail(str(error))


def _show(outcome: Outcome) -> None:
    from services.commands.console import out

    if outcome.decision is None:
        return
    out.print(str(outcome.decision), markup=False, highlight=False, soft_wrap=True)
    if outcome.promoted:
        out.print(f"{outcome.version} is in service", highlight=False)
    elif not outcome.decision.promote:
        raise typer.Exit(NOT_PROMOTED)
