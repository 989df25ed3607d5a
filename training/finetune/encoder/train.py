"""Fine-tunes the sentence encoder into the reader; checkpoints, resumable."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from training.finetune.encoder.batch import join, losses, note_states
from training.finetune.encoder.data import Draws, TrainingData
from training.finetune.encoder.examples import encode_question, target
from training.finetune.encoder.model import Reader

LOSS_WEIGHTS = {"verdict": 1.0, "evidence": 0.3, "value": 0.7, "rank": 0.3}


@dataclass(frozen=True)
class Recipe:
    """One step is one note with about 40 questions.

    screening_from: the epoch (from 0) from which the screening questions are asked too: first the
        variety of the teacher's own questions, then what a study asks.
    learning_rate: peak; linear warm-up over `warmup` steps, then linear decay. AdamW without
    dropout, in bf16: on two cores dropout costs 1.7 times and fp32 twice as long.
    """

    epochs: int = 4
    screening_from: int = 1
    learning_rate: float = 2.5e-4
    warmup: int = 60
    weight_decay: float = 0.01
    passages: int = 4
    seed: int = 7
    checkpoint_every: int = 100


def train(
    base: Path,
    tokenizer: Tokenizer,
    data: TrainingData,
    recipe: Recipe,
    folder: Path,
    report: Callable[[str], None],
) -> Reader:
    """Trains until the recipe's last step; `folder`/checkpoint.pt is resumed where it is there.

    Raises ValueError: the checkpoint belongs to another recipe or other data.
    """
    torch.manual_seed(recipe.seed)  # the heads begin at random
    model = Reader()
    model.load_pretrained(base)
    model.train()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ],
        betas=(0.9, 0.98),
    )
    identity = {**asdict(recipe), "data": data.hash}
    file = folder / "checkpoint.pt"
    step = _resume(file, identity, model, optimizer) if file.is_file() else 0
    draws = Draws(data.train)
    total = recipe.epochs * len(data.train)
    sums: dict[str, float] = {}
    began, first = time.monotonic(), step
    while step < total:
        rng = random.Random(f"{recipe.seed}-{step}")
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _schedule(step, total, recipe.warmup)
        note = data.train[_order(step, len(data.train), recipe.seed)]
        items = draws.items(note, rng, step >= recipe.screening_from * len(data.train))
        targets = [target(note.note, item) for item in items]
        questions = [encode_question(tokenizer, rng.choice(item.wordings)) for item in items]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = note_states(model, note.note)
            joined = join(model, note.note, states, questions, targets, recipe.passages)
            parts = losses(note.note, joined, targets, [item.numeric for item in items])
        optimizer.zero_grad()
        torch.stack([LOSS_WEIGHTS[k] * v for k, v in parts.items()]).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        for name, part in parts.items():
            sums[name] = sums.get(name, 0.0) + float(part.detach())
        if step % 20 == 0:
            pace = (time.monotonic() - began) / (step - first)
            means = " ".join(f"{name} {value / 20:.3f}" for name, value in sums.items())
            report(f"step {step}/{total}  {means}  {pace:.2f} s/step")
            sums = {}
        if step % recipe.checkpoint_every == 0 or step == total:
            _save(file, identity, model, optimizer, step)
    return model


def _schedule(step: int, total: int, warmup: int) -> float:
    return min(1.0, (step + 1) / warmup) * max(0.02, 1 - step / total)


def _order(step: int, notes: int, seed: int) -> int:
    """Each epoch in an order of its own, known from the step alone (so that resuming needs no
    more than the step)."""
    epoch, place = divmod(step, notes)
    order = list(range(notes))
    random.Random(f"{seed}-epoch-{epoch}").shuffle(order)
    return order[place]


def _save(
    file: Path,
    identity: dict[str, object],
    model: Reader,
    optimizer: torch.optim.Optimizer,
    step: int,
) -> None:
    # Written beside and moved into place: a kill in the middle leaves the last good one.
    scratch = file.with_suffix(".partial")
    state = {"identity": identity, "model": model.state_dict(), "step": step}
    torch.save({**state, "optimizer": optimizer.state_dict()}, scratch)
    scratch.replace(file)


def _resume(
    file: Path, identity: dict[str, object], model: Reader, optimizer: torch.optim.Optimizer
) -> int:
    saved = torch.load(file, weights_only=True)
    if saved["identity"] != identity:
        raise ValueError(
            f"{file} was written with another recipe or other data; "
            "name another output folder, or remove the checkpoint to start again"
        )
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])
