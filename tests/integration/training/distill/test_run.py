"""A whole run for real: the stand-in teacher over HTTP, a dataset, a tiny decoder, the gate."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from training.dataset import DatasetError, TeacherItem, TeacherNote
from training.dataset.cleaning import CleaningSettings
from training.dataset.records import ItemType
from training.distill.config import EvaluationPart, NotesPart, RunConfig, StudentPart
from training.distill.run import STEPS, Step, run
from training.distill.steps import StepOrderError
from training.registry import Registry
from training.registry.log import State
from training.teacher.settings import TeacherSettings
from training.teacher.stand_in import StandIn, stand_in

Configure = Callable[..., RunConfig]
EASY = "main: {metric: three_class_balanced_accuracy, better: margin}\n"


def item(question: str, kind: ItemType, answer: str, quote: str = "") -> TeacherItem:
    unit = "a" if kind.answer_type == "numeric" else None
    return TeacherItem(question=question, type=kind, answer=answer, unit=unit, quote=quote)


def sample_note(number: int) -> TeacherNote:
    smokes = number % 2 == 0
    habit = f"Smokes {number} cigarettes." if smokes else f"Never smoked, {number} children."
    return TeacherNote(
        id=f"N-{number:02}",
        text=f"Aged {40 + number}. Known to us: Quentin Marker. {habit}",
        items=(
            item("Does the patient smoke?", ItemType.BOOLEAN, "Yes" if smokes else "No", habit),
            item("Is the patient known?", ItemType.BOOLEAN, "Yes", "Known to us"),
            item("How old is the patient?", ItemType.NUMERIC, str(40 + number), f"{40 + number}"),
            item("Is there gout?", ItemType.NA_BOOLEAN, "NA"),
            item("At what age was the menopause?", ItemType.NA_NUMERIC, "NA"),
        ),
    )


NOTES = [sample_note(number) for number in range(24)]


@pytest.fixture
def teacher() -> Iterator[StandIn]:
    with stand_in(NOTES) as server:
        yield server


@pytest.fixture
def configure(tmp_path: Path, teacher: StandIn, base: Path) -> Configure:
    source = tmp_path / "notes"
    source.mkdir()
    for note in NOTES:
        (source / f"{note.id}.txt").write_text(note.text)
    (tmp_path / "easy.yaml").write_text(EASY)

    def make(**changes: object) -> RunConfig:
        fields: dict[str, object] = {
            "name": "tiny",
            "folder": tmp_path / "run",
            "notes": NotesPart(source=str(source)),
            "teacher": TeacherSettings(base_url=teacher.base_url, model=teacher.model),
            "cleaning": CleaningSettings(held_out=0.25, test=0.25),
            "student": StudentPart(
                preset="smollm2-135m", recipe={"max_steps": 2, "max_length": 1500}, base=base
            ),
            "registry": str(tmp_path / "registry"),
            "gate": tmp_path / "easy.yaml",
        }
        return RunConfig.model_validate(fields | changes)

    return make


def silent(line: str) -> None:
    pass


def test_a_run_leads_from_notes_to_a_student_in_service(configure: Configure) -> None:
    config = configure()
    said: list[str] = []
    outcome = run(config, said.append)
    assert outcome.promoted
    assert outcome.decision is not None
    assert outcome.decision.in_service is None
    assert Registry(config.registry).in_service() == outcome.version
    page = (config.folder / "evaluation/report.html").read_text()
    assert "Quentin Marker" not in page + "\n".join(said)


def test_the_same_run_again_asks_the_teacher_nothing_and_trains_nothing(
    configure: Configure, teacher: StandIn
) -> None:
    first = run(configure(), silent, STEPS[:3])
    asked = len(teacher.asked)
    said: list[str] = []
    again = run(configure(), said.append, STEPS[:3])
    assert said == ["generate: done before", "clean: done before", "finetune: done before"]
    assert (again.version, len(teacher.asked)) == (first.version, asked)


def test_a_changed_setting_redoes_its_step_and_what_follows_from_it(configure: Configure) -> None:
    run(configure(), silent, STEPS[:2])
    said: list[str] = []
    boolean = CleaningSettings(held_out=0.25, test=0.25, subset="boolean")
    run(configure(cleaning=boolean), said.append, STEPS[:2])
    assert "generate: done before" in said
    assert "clean: done before" not in said


def test_a_stopped_run_goes_on_where_it_was(configure: Configure, teacher: StandIn) -> None:
    stops = iter([False] * 3)
    outcome = run(configure(), silent, should_stop=lambda: next(stops, True))
    assert outcome.stopped
    assert run(configure(), silent, STEPS[:2]).stopped is False
    requests = [(asked.note_id, asked.kind) for asked in teacher.asked]
    assert len(requests) == len(set(requests))


def test_the_gates_no_leaves_the_student_a_candidate(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "easy.yaml").write_text(EASY + "floors: {yes_precision: 1.0}\n")
    config = configure()
    outcome = run(config, silent)
    registry = Registry(config.registry)
    assert outcome.decision is not None
    assert not outcome.decision.promote
    assert outcome.version is not None
    assert registry.state(outcome.version) is State.CANDIDATE
    assert registry.in_service() is None


def test_a_step_whose_forerunner_is_missing_says_which(configure: Configure) -> None:
    with pytest.raises(StepOrderError, match="step finetune comes first"):
        run(configure(), silent, [Step.REGISTER])


def test_students_are_not_judged_on_patients_of_the_training(
    configure: Configure, tmp_path: Path
) -> None:
    run(configure(), silent, STEPS[:3])
    annotated = tmp_path / "annotated"
    shutil.copytree(tmp_path / "run/dataset", annotated)
    (annotated / "dataset.json").write_text('{"held_out": 1.0}')
    judged = EvaluationPart(folder=annotated)
    with pytest.raises(DatasetError, match="also in the training data"):
        run(configure(evaluation=judged), silent, [Step.EVALUATE])
