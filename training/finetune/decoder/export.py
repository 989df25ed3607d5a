"""The folder of a decoder student: adapter, tokenizer, description, card."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from peft import PeftModel
from pydantic import JsonValue
from transformers import PreTrainedTokenizerBase

from shared.criteria.question import AnswerType
from shared.students.decoder.description import ADAPTER, CLAIMS
from shared.students.decoder.prompt import PROMPT_VERSION
from shared.students.version import CARD
from training.dataset import Dataset
from training.finetune.calibration import Calibration, held_out_metrics
from training.finetune.decoder.bases import Base
from training.finetune.decoder.means import Means
from training.finetune.decoder.prepare import Prepared
from training.finetune.decoder.recipe import Recipe
from training.finetune.decoder.train import Measured
from training.registry import StudentDescription

MEBIBYTE = 2**20


def write_adapter(
    model: PeftModel, tokenizer: PreTrainedTokenizerBase, base: Base, folder: Path
) -> None:
    """adapter_config.json names the base by its name alone, and its modules in one order: equal
    students have equal files."""
    model.save_pretrained(str(folder))
    (folder / CARD).unlink(missing_ok=True)  # the library's own card, empty
    tokenizer.save_pretrained(str(folder))
    file = folder / ADAPTER
    config = json.loads(file.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base.name
    config["target_modules"] = sorted(
        {name.rpartition(".")[2] for name in config["target_modules"]}
    )
    file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def describe(
    name: str,
    base: Base,
    dataset: Dataset,
    recipe: Recipe,
    means: Means,
    prepared: Prepared,
    measured: Measured,
) -> StudentDescription:
    """With temperatures 1 and thresholds 0, as the student is opened to be calibrated."""
    return StudentDescription.model_validate(
        {
            "engine": "decoder",
            "name": name,
            "created": datetime.now(UTC),
            "code_version": version("chartsift"),
            "dataset": {
                "hash": dataset.hash,
                "training_notes": len(dataset.train),
                "held_out_notes": len(dataset.held_out),
                "examples": prepared.examples,
                "examples_on_part_of_a_note": prepared.cut,
                "dropped": prepared.dropped,
            },
            "recipe": {
                **recipe.model_dump(mode="json"),
                "items": sorted(recipe.items),
                "quantized": means.quantized,
                "optimizer": means.optimizer,
                "sequence_tokens": means.max_length,
            },
            "base": base.name,
            "base_hash": base.hash,
            "prompt": PROMPT_VERSION,
            "evidence": recipe.evidence,
            "temperatures": {kind.value: 1.0 for kind in AnswerType},
            "thresholds": {claim.value: {"answer": 0.0, "review": 0.0} for claim in CLAIMS},
            "metrics": {"training": _training(measured, means)},
        }
    )


def calibrated(description: StudentDescription, calibration: Calibration) -> StudentDescription:
    return description.model_copy(
        update={
            "temperatures": {k.value: t for k, t in calibration.temperatures.items()},
            "thresholds": {v.value: t.model_dump() for v, t in calibration.thresholds.items()},
            "metrics": {**description.metrics, **held_out_metrics(calibration)},
        }
    )


def put_in_place(folder: Path, out: Path) -> None:
    """Moves a finished folder to `out`, in place of what is there."""
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    folder.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def card(description: StudentDescription) -> str:
    """README.md of the student's folder."""
    extra = description.model_extra or {}
    recipe, data, metrics = extra["recipe"], description.dataset, description.metrics
    training = metrics["training"]
    assert isinstance(training, dict)
    how = "4-bit (NF4) " if recipe["quantized"] else ""
    figures = "\n".join(
        f"| {key.replace('_', ' ')} | {value} |"
        for key, value in metrics.items()
        if not isinstance(value, dict)
    )
    return f"""# {description.name}

A LoRA adapter (rank {recipe["rank"]}, alpha {recipe["alpha"]}) for {how}{extra["base"]}, which \
answers questions on clinical notes{" with a quote" if extra["evidence"] else ""}; prompt \
{extra["prompt"]}. It needs the base model's weights beside it (sha256 `{extra["base_hash"]}`).

Trained for {training["steps"]} steps on {data["examples"]} examples of {data["training_notes"]} \
notes (dataset `{data["hash"]}`), sequences up to {recipe["sequence_tokens"]} tokens: \
{training["seconds"]} s, {training["tokens_per_second"]} tokens/s, peak memory \
{training["peak_mebibytes"]} MiB ({training["memory_of"]}).

Thresholds were chosen on {data["held_out_notes"]} held-out notes. The figures below were measured \
on the same notes and are no claim of accuracy.

| on the held-out notes | |
|---|---|
{figures}

Not for clinical use without a person who checks its answers.
"""


def _training(measured: Measured, means: Means) -> dict[str, JsonValue]:
    return {
        "steps": measured.steps,
        "seconds": measured.seconds,
        "tokens": measured.tokens,
        "tokens_per_second": measured.tokens_per_second,
        "peak_mebibytes": round(measured.peak_bytes / MEBIBYTE),
        "memory_of": "GPU" if means.gpu else "process",
        "loss": measured.loss,
    }
