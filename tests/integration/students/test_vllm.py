"""The decoder student on a real vLLM server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.criteria.question import AnswerType, Question
from shared.students.decoder.server import VllmRefusedError
from shared.students.decoder.serving import ModelNotServedError
from shared.students.decoder.transformers import TransformersStudent
from shared.students.decoder.vllm import Asking, VllmStudent, load_adapter, unload_adapter
from shared.students.errors import StudentUnavailable
from shared.students.version import student_version

TEXT = "Mr. Abel is 71. PMH: atrial fibrillation. Never had a stroke. Creatinine 1.1 mg/dL."
QUESTIONS = [
    Question(study="s", id="af", text="Atrial fibrillation?", type=AnswerType.BOOLEAN),
    Question(study="s", id="stroke", text="Any stroke or TIA, ever?", type=AnswerType.BOOLEAN),
    Question(study="s", id="age", text="How old?", type=AnswerType.NUMERIC, unit="a"),
    Question(study="s", id="cr", text="Creatinine?", type=AnswerType.NUMERIC, unit="mg/dL"),
    Question(study="s", id="dead", text="Dead?", type=AnswerType.BOOLEAN),
]


@pytest.fixture
def served(vllm_url: str, make_student: Callable[..., Path]) -> Path:
    """A student of its own, loaded into the running server."""
    folder = make_student(seed=11)
    load_adapter(vllm_url, student_version(folder), folder)
    return folder


def test_it_answers_as_the_same_student_does_on_transformers(vllm_url: str, served: Path) -> None:
    on_vllm, here = VllmStudent(served, Asking(url=vllm_url)), TransformersStudent(served)
    verdicts = set()
    for text in (TEXT, TEXT.upper(), TEXT[::-1]):
        answers = zip(on_vllm.answer(text, QUESTIONS), here.answer(text, QUESTIONS), strict=True)
        for one, other in answers:
            assert (one.verdict, one.number) == (other.verdict, other.number)
            assert one.confidence == pytest.approx(other.confidence, abs=1e-3)
            verdicts.add(one.verdict)
    assert len(verdicts) > 1


def test_an_adapter_is_loaded_and_unloaded_while_the_server_runs(
    vllm_url: str, make_student: Callable[..., Path]
) -> None:
    folder = make_student(seed=12)
    version = student_version(folder)
    with pytest.raises(ModelNotServedError, match=rf"does not list {version}.*load_lora_adapter"):
        VllmStudent(folder, Asking(url=vllm_url))
    for _ in range(2):
        load_adapter(vllm_url, version, folder)
    engine = VllmStudent(folder, Asking(url=vllm_url))
    assert engine.version == version
    assert len(engine.answer(TEXT, QUESTIONS)) == len(QUESTIONS)
    for _ in range(2):
        unload_adapter(vllm_url, version)
    with pytest.raises(StudentUnavailable, match=rf"no longer serves {version}"):
        engine.answer(TEXT, QUESTIONS)


def test_two_students_are_served_side_by_side(
    vllm_url: str, served: Path, make_student: Callable[..., Path]
) -> None:
    other = make_student(seed=13)
    load_adapter(vllm_url, student_version(other), other)
    one, two = (VllmStudent(folder, Asking(url=vllm_url)) for folder in (served, other))
    first = one.answer(TEXT, QUESTIONS)
    assert [a.confidence for a in first] != [a.confidence for a in two.answer(TEXT, QUESTIONS)]
    again = one.answer(TEXT, QUESTIONS)
    assert [(a.verdict, a.number) for a in again] == [(a.verdict, a.number) for a in first]


def test_the_base_model_as_it_is_can_be_the_student(
    vllm_url: str, make_student: Callable[..., Path]
) -> None:
    folder = make_student(adapter=False)
    on_vllm = VllmStudent(folder, Asking(url=vllm_url, model="base")).answer(TEXT, QUESTIONS)
    here = TransformersStudent(folder).answer(TEXT, QUESTIONS)
    for one, other in zip(on_vllm, here, strict=True):
        assert (one.verdict, one.number) == (other.verdict, other.number)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-3)


def test_all_questions_in_one_call_get_their_answers(vllm_url: str, served: Path) -> None:
    engine = VllmStudent(served, Asking(url=vllm_url, questions_per_call=0))
    answers = engine.answer(TEXT, QUESTIONS)
    assert [answer.question for answer in answers] == [question.key for question in QUESTIONS]


def test_a_folder_that_the_server_cannot_see_is_refused_with_what_it_needs(
    vllm_url: str, tmp_path: Path
) -> None:
    with pytest.raises(VllmRefusedError, match="--max-lora-rank"):
        load_adapter(vllm_url, "decoder-none", tmp_path / "nowhere")
