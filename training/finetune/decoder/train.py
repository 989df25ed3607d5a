"""LoRA or QLoRA on prompts and completions; checkpoints, resumable, on any number of GPUs.

On several GPUs every process runs this, started by `accelerate launch`; the first one reports.
"""

from __future__ import annotations

import resource
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import datasets
import torch
from accelerate import PartialState
from peft import LoraConfig, PeftModel
from transformers import (
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.utils import logging
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from training.finetune.decoder.checkpoints import (
    CheckpointError,
    Progress,
    mark_whole,
    remove_broken,
    whole_ones,
)
from training.finetune.decoder.means import Means
from training.finetune.decoder.recipe import Recipe
from training.progress import Say

CHECKPOINTS_KEPT = 2
PATIENCE = 24 * 3600
"""Seconds that the other processes wait for the first one, which prepares and measures alone."""


@dataclass(frozen=True)
class Measured:
    """seconds: of training, over all runs. tokens: read in training, by all processes, reply
    and prompt. peak_bytes: of the GPU, or else of the first process's memory."""

    steps: int
    seconds: float
    tokens: int
    peak_bytes: int
    loss: float | None

    @property
    def tokens_per_second(self) -> float:
        return round(self.tokens / self.seconds, 1) if self.seconds else 0.0


def quiet() -> None:
    """The libraries' own bars and the notices of what they are going to rename."""
    datasets.disable_progress_bars()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\.|trl\.")


def configuration(recipe: Recipe, means: Means, work: Path) -> SFTConfig:
    """What the trainer of trl is told. The sequences fit already, so nothing may be truncated."""
    return SFTConfig(
        output_dir=str(work / "checkpoints"),
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulation,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="constant",
        optim=means.optimizer,
        bf16=True,
        gradient_checkpointing=True,
        use_cpu=not means.gpu,
        max_length=None,
        completion_only_loss=True,
        save_steps=recipe.checkpoint_every,
        save_total_limit=CHECKPOINTS_KEPT,
        logging_steps=10,
        include_num_input_tokens_seen="non_padding",
        dataloader_pin_memory=means.gpu,
        ddp_timeout=PATIENCE,
        seed=recipe.seed,
        report_to="none",
        disable_tqdm=True,
    )


def load_base(folder: Path, means: Means) -> PreTrainedModel:
    """In bf16, or in 4 bits on this process's GPU."""
    chosen: dict[str, Any] = {"dtype": torch.bfloat16}
    if means.quantized:
        chosen["quantization_config"] = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    if means.gpu:
        chosen["device_map"] = {"": PartialState().local_process_index}
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, **chosen)
    model.config.use_cache = False  # of no use in training, and at odds with checkpointing
    return model


def train(
    base: Path,
    tokenizer: PreTrainedTokenizerBase,
    examples: Path,
    config: SFTConfig,
    recipe: Recipe,
    means: Means,
    say: Say,
) -> tuple[PeftModel, Measured]:
    """Trains until the recipe's last step, from the last whole checkpoint where there is one.

    examples: JSON Lines with prompt and completion as chat messages.
    Raises CheckpointError: a checkpoint could not be written; the one before it is whole.
    """
    checkpoints = Path(str(config.output_dir))
    with config.main_process_first(local=False):
        if config.process_index == 0:
            remove_broken(checkpoints)
    whole = whole_ones(checkpoints)
    before, spent = whole[-1] if whole else (None, Progress(step=0))
    if before is not None and (state := finished(before)) is not None:
        say(f"the training ended before, with step {spent.step}")
        model = PeftModel.from_pretrained(load_base(base, means), str(before))
        return model, measured(state, spent)
    trainer = make_trainer(base, tokenizer, examples, config, recipe, means)
    watch = _Watch(checkpoints, spent, means, say)
    trainer.add_callback(watch)
    if before is not None:
        say(f"goes on after step {spent.step}")
    trainer.train(resume_from_checkpoint=None if before is None else str(before))
    return cast(PeftModel, trainer.model), measured(trainer.state, watch.spent(trainer.state))


def finished(checkpoint: Path) -> TrainerState | None:
    """The state at the training's last step. The trainer itself would take one step more."""
    state = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))
    return state if state.global_step >= state.max_steps else None


def measured(state: TrainerState, spent: Progress) -> Measured:
    losses = [float(entry["loss"]) for entry in state.log_history if "loss" in entry]
    return Measured(
        state.global_step,
        round(spent.seconds, 1),
        int(state.num_input_tokens_seen),
        spent.peak_bytes,
        losses[-1] if losses else None,
    )


def make_trainer(
    base: Path,
    tokenizer: PreTrainedTokenizerBase,
    examples: Path,
    config: SFTConfig,
    recipe: Recipe,
    means: Means,
) -> SFTTrainer:
    """With the sequences made, each of them whole."""
    trainer = _CheckedTrainer(
        model=load_base(base, means),
        args=config,
        train_dataset=_read(examples),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
            target_modules="all-linear",
            bias="none",
            task_type="CAUSAL_LM",
        ),
    )
    trainer.remove_callback(PrinterCallback)
    made = cast(datasets.Dataset, trainer.train_dataset)
    longest = max(len(ids) for ids in made["input_ids"])
    if longest > means.max_length:
        raise RuntimeError(f"a sequence of {longest} tokens where {means.max_length} were measured")
    return trainer


def _read(examples: Path) -> datasets.Dataset:
    # Notes are patient text: the trainer's copies stay beside the file, not in the user's cache.
    loaded = datasets.load_dataset(
        "json", data_files=str(examples), split="train", cache_dir=str(examples.parent / "cache")
    )
    assert isinstance(loaded, datasets.Dataset)
    return loaded


class _CheckedTrainer(SFTTrainer):
    """Says which checkpoint is whole when one cannot be written."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(str(self.args.output_dir))
        try:
            super()._save_checkpoint(model, trial)  # type: ignore[no-untyped-call]
        except Exception as error:
            whole = whole_ones(folder)
            rest = f"the one of step {whole[-1][1].step} is whole" if whole else "there is no other"
            if self.args.process_index == 0:
                remove_broken(folder)  # and with it the room that it took
            raise CheckpointError(
                f"the checkpoint of step {self.state.global_step} could not be written to {folder} "
                f"({cause(error)}); {rest}. Free some space and run the same again: it goes on "
                "from there"
            ) from error


def cause(error: BaseException) -> str:
    """The last line of what went wrong; the serializers report a full disk in many words."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[-1][:200]}" if text else type(error).__name__


class _Watch(TrainerCallback):
    """Time, tokens and memory; progress for a person; the mark of a whole checkpoint."""

    def __init__(self, checkpoints: Path, before: Progress, means: Means, say: Say) -> None:
        self._checkpoints = checkpoints
        self._before = before
        self._gpu = means.gpu
        self._say = say
        self._began = time.monotonic()
        self._first = (0, 0)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._began = time.monotonic()
        self._first = state.global_step, int(state.num_input_tokens_seen)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        if state.is_world_process_zero:
            passed = time.monotonic() - self._began
            steps, tokens = state.global_step, int(state.num_input_tokens_seen)
            self._say(
                f"step {steps}/{state.max_steps}  loss {float(logs['loss']):.3f}  "
                f"{passed / (steps - self._first[0]):.2f} s/step  "
                f"{(tokens - self._first[1]) / passed:.0f} tokens/s"
            )

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        PartialState().wait_for_everyone()  # each process writes a part
        if state.is_world_process_zero:
            folder = self._checkpoints / f"checkpoint-{state.global_step}"
            mark_whole(folder, self.spent(state))

    def spent(self, state: TrainerState) -> Progress:
        if self._gpu:
            peak = torch.cuda.max_memory_allocated()
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return Progress(
            step=state.global_step,
            seconds=self._before.seconds + time.monotonic() - self._began,
            peak_bytes=max(peak, self._before.peak_bytes),
        )
