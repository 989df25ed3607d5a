"""Which checkpoints are whole."""

from __future__ import annotations

import pytest

from training.finetune.decoder.checkpoints import (
    CheckpointError,
    Progress,
    claim,
    mark_whole,
    remove_broken,
    whole_ones,
)


def checkpoint(folder, step: int, whole: bool = True):
    made = folder / f"checkpoint-{step}"
    made.mkdir(parents=True)
    (made / "optimizer.pt").write_bytes(b"...")
    if whole:
        mark_whole(made, Progress(step=step))
    return made


def test_only_marked_checkpoints_count_in_the_order_of_their_steps(tmp_path):
    late, early = checkpoint(tmp_path, 100), checkpoint(tmp_path, 20)
    checkpoint(tmp_path, 120, whole=False)
    assert [folder for folder, _ in whole_ones(tmp_path)] == [early, late]


def test_a_half_written_mark_is_no_mark(tmp_path):
    (checkpoint(tmp_path, 20, whole=False) / "whole.json").write_text('{"ste')
    assert whole_ones(tmp_path) == []


def test_broken_ones_are_removed_and_whole_ones_stay(tmp_path):
    whole = checkpoint(tmp_path, 20)
    checkpoint(tmp_path, 40, whole=False)
    remove_broken(tmp_path)
    assert list(tmp_path.glob("checkpoint-*")) == [whole]


def test_checkpoints_of_another_training_are_refused_with_what_differs(tmp_path):
    claim(tmp_path, {"dataset": "a", "recipe": {"rank": 8}})
    checkpoint(tmp_path, 20)
    claim(tmp_path, {"dataset": "a", "recipe": {"rank": 8}})
    with pytest.raises(CheckpointError, match="differs in: recipe"):
        claim(tmp_path, {"dataset": "a", "recipe": {"rank": 4}})


def test_a_folder_without_a_whole_checkpoint_is_free(tmp_path):
    claim(tmp_path / "work", {"dataset": "a"})
    checkpoint(tmp_path / "work", 20, whole=False)
    claim(tmp_path / "work", {"dataset": "b"})
