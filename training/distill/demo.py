"""`make distill-demo`: the whole way of a run in small, without a GPU.

What is small or stands in for something is said in the output: the teacher is a real HTTP server
with sample items behind it and no model, and the training is one pass over a few dozen notes.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from shared.students.encoder import SHIPPED
from training.dataset import read_notes
from training.dataset.cleaning import CleaningSettings
from training.distill.config import EvaluationPart, NotesPart, RunConfig, StudentPart
from training.distill.run import Outcome, run
from training.progress import Say
from training.registry import Registry
from training.teacher.settings import TeacherSettings
from training.teacher.stand_in import stand_in

ROOT = Path(__file__).parents[2]
SAMPLE_NOTES = ROOT / "training/data/notes"
SAMPLE_HOSPITAL = ROOT / "infra/sample-hospital"


def run_demo(folder: Path, notes: int, say: Say) -> Outcome:
    """Raises RUN_ERRORS."""
    shutil.rmtree(folder, ignore_errors=True)
    sample = read_notes(SAMPLE_NOTES)[:notes]
    source = folder / "notes"
    source.mkdir(parents=True)
    for note in sample:
        (source / f"{note.id}.txt").write_text(note.text, encoding="utf-8")
    registry = Registry(str(folder / "registry"))
    shipped = registry.add(SHIPPED, by="distill-demo")
    registry.promote(shipped, None, by="distill-demo", reason="the student that is shipped")
    say(f"{len(sample)} sample notes in {source}; in service: {shipped}")
    with stand_in(sample) as teacher:
        say(f"teacher at {teacher.base_url}: {teacher.model}, a server without a model that")
        say("returns the items written beforehand for these notes")
        outcome = run(_config(folder, source, teacher.base_url, teacher.model), say)
    if outcome.decision is not None:
        say(str(outcome.decision))
    say(f"in service: {registry.in_service()}")
    return outcome


def _config(folder: Path, source: Path, base_url: str, model: str) -> RunConfig:
    return RunConfig(
        name="distill-demo",
        folder=folder / "run",
        notes=NotesPart(source=str(source)),
        teacher=TeacherSettings(base_url=base_url, model=model, concurrency=8),
        cleaning=CleaningSettings(balanced=False, held_out=0.2),
        student=StudentPart(preset="encoder", recipe={"epochs": 1, "warmup": 5}),
        evaluation=EvaluationPart(folder=SAMPLE_HOSPITAL),
        registry=str(folder / "registry"),
    )
