"""A base model of two layers with random weights, and notes, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training.dataset import Dataset, read_dataset

torch.set_num_threads(1)  # sums in one order, so that two runs can be compared

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPACE_QUOTE = '\u0120"'  # as byte-level tokenizers write it
PAD, START, END = "<|pad|>", "<|im_start|>", "<|im_end|>"


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """One token for each byte, and one for a space with a quotation mark, which the tokenizers
    of real models have too."""
    letters = [*sorted(pre_tokenizers.ByteLevel.alphabet()), SPACE_QUOTE]
    merges = [(SPACE_QUOTE[0], SPACE_QUOTE[1])]
    bytewise = Tokenizer(BPE({letter: at for at, letter in enumerate(letters)}, merges))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=bytewise,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[START, END],
    )
    fast.chat_template = TEMPLATE
    return fast


@pytest.fixture(scope="session")
def base(tokenizer, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def dataset_folder(tmp_path_factory) -> Path:
    """Six short notes; dataset.json holds two of them out."""
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "notes").mkdir()
    lines = []
    for number in range(6):
        age, smokes = 40 + number, number % 2 == 0
        habit = "Smokes daily." if smokes else "Never smoked."
        items = [
            _item("Does the patient smoke?", "boolean", "Yes" if smokes else "No", habit),
            _item("Is there diabetes?", "boolean", "Yes", "Diabetes mellitus"),
            _item("How old is the patient?", "numeric", str(age), f"{age} years", "a"),
            _item("Is the patient pregnant?", "na-boolean", "NA"),
            _item("What is the INR?", "na-numeric", "NA", unit="1"),
        ]
        note = f"{age} years old. {habit} Diabetes mellitus for years."
        lines.append(json.dumps({"id": f"N-{number}", "text": note, "items": items}))
    (folder / "notes/part-0.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "dataset.json").write_text('{"held_out": 0.4, "salt": "a"}', encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def dataset(dataset_folder) -> Dataset:
    read = read_dataset(dataset_folder)
    assert (len(read.train), len(read.held_out)) == (4, 2)
    return read


@pytest.fixture
def said() -> tuple[list[str], Callable[[str], None]]:
    lines: list[str] = []
    return lines, lines.append


def _item(question: str, type: str, answer: str, quote: str = "", unit: str | None = None):
    return {
        "question": question,
        "type": type,
        "answer": answer,
        "quote": quote,
        "unit": unit,
    }
