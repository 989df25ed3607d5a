"""The steps of a run. Each says what it goes by (`Inputs`) and gives what the next ones need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import JsonValue

from shared.settings import Settings
from training.dataset import Dataset, read_dataset
from training.dataset.clean import clean
from training.dataset.consistency import remembering
from training.distill.config import RunConfig
from training.distill.corrections import with_corrections
from training.distill.judging import hash_of, read_judging
from training.distill.markers import Inputs, Markers
from training.evaluate.answering import Answered, answer_all
from training.evaluate.engines import open_folder
from training.evaluate.forms import Asked
from training.evaluate.page import report_page
from training.evaluate.report import Measured, build_report, measured
from training.evaluate.scoring import by_patient
from training.finetune import finetune
from training.finetune.decoder.bases import find_base
from training.finetune.presets import find_preset
from training.gate import Decision, decide, read_rules
from training.notes.source import open_source
from training.progress import Say
from training.registry import Registry, RegistryError, read_entry
from training.registry.mirror import Mirror
from training.teacher.asking_again import asking_again
from training.teacher.generate import generate

Result = dict[str, JsonValue]
CANDIDATE, IN_SERVICE = "candidate", "in-service"


class Step(StrEnum):
    GENERATE = "generate"
    CLEAN = "clean"
    FINETUNE = "finetune"
    EVALUATE = "evaluate"
    REGISTER = "register"
    PROMOTE = "promote"


class StepOrderError(ValueError):
    """A step whose forerunner is not done; the message names it."""


@dataclass(frozen=True)
class Run:
    """Where everything of one run is. by: who is named in the registry's log."""

    config: RunConfig
    markers: Markers
    say: Say
    by: str | None = None

    @property
    def folder(self) -> Path:
        return self.config.folder

    @property
    def dataset(self) -> Path:
        return self.config.dataset or self.folder / "dataset"

    @property
    def student(self) -> Path:
        return self.folder / "student"

    @property
    def work(self) -> Path:
        """Checkpoints, and the base model where it comes as a package."""
        return self.folder / "work"

    def data(self) -> Dataset:
        """What is trained on: the dataset, and reviewers' corrections if there are any.
        Raises DatasetError."""
        dataset, config = read_dataset(self.dataset), self.config
        if config.corrections is None:
            return dataset
        quotes = dataset.evidence and find_preset(config.student.preset).engine == "decoder"
        return with_corrections(dataset, config.corrections, quotes=quotes).dataset

    def result(self, step: Step) -> Result:
        marker = self.markers.read(step)
        if marker is None:
            raise StepOrderError(f"{self.folder}: step {step} comes first")
        return marker.result


def inputs_of(run: Run, step: Step) -> Inputs:
    """Raises StepOrderError, DatasetError, RegistryError."""
    config = run.config
    match step:
        case Step.GENERATE:
            return {
                "notes": config.notes.model_dump(mode="json") if config.notes else None,
                "teacher": config.teacher.model_dump(mode="json"),
            }
        case Step.CLEAN:
            return {
                "generated": run.result(Step.GENERATE),
                "cleaning": config.cleaning.model_dump(mode="json"),
                "consistency": config.check_consistency,
            }
        case Step.FINETUNE:
            return {
                "dataset": run.data().hash,
                "student": config.student.model_dump(mode="json"),
            }
        case Step.EVALUATE:
            asked = read_judging(config.evaluation.folder, run.data())
            return {
                "version": run.result(Step.FINETUNE)["version"],
                "in_service": Registry(config.registry).in_service(),
                "judged_on": hash_of(asked.notes),
            }
        case Step.REGISTER:
            return {
                "version": run.result(Step.FINETUNE)["version"],
                "registry": config.registry,
            }
        case Step.PROMOTE:
            return {
                "evaluated": run.result(Step.EVALUATE),
                "rules": read_rules(config.gate).model_dump(mode="json"),
                "promote": config.promote,
            }


def execute(run: Run, step: Step) -> Result:
    return _EXECUTE[step](run)


def _generate(run: Run) -> Result:
    config = run.config
    if config.notes is None:
        raise StepOrderError("this run trains from a dataset; there is nothing to generate")
    notes = config.notes.keep.keep(open_source(config.notes.source, config.notes.form))
    manifest = generate(notes, config.teacher, run.folder / "teacher", run.say)
    return {
        "notes": manifest.done,
        "given_up": len(manifest.failed),
        "requests": manifest.requests,
        "tokens": manifest.prompt_tokens + manifest.completion_tokens,
    }


def _clean(run: Run) -> Result:
    config = run.config
    with asking_again(config.teacher, config.check_consistency) as again:
        ask = again and remembering(again, run.folder / "asked-again.jsonl")
        report = clean(
            run.folder / "teacher",
            run.dataset,
            config.cleaning,
            run.say,
            ask,
            at_once=config.teacher.concurrency,
        )
    return {"items": report.items_kept, "notes": report.notes_kept, "hash": report.hash}


def _finetune(run: Run) -> Result:
    student = run.config.student
    entry = finetune(
        student.preset,
        run.data(),
        run.student,
        run.work,
        run.say,
        overrides=student.recipe,
        base=student.base,
    )
    return {"version": entry.version}


def _evaluate(run: Run) -> Result:
    """Writes candidate.json and, where a student is in service, in-service.json, for the gate;
    report.json and report.html, without note text, for people."""
    asked = read_judging(run.config.evaluation.folder, run.data())
    registry = Registry(run.config.registry)
    version = registry.in_service()
    candidate = _judged(run, CANDIDATE, run.student, asked)
    against: dict[str, Answered] = {}
    if version is None:
        _evaluation(run, f"{IN_SERVICE}.json").unlink(missing_ok=True)
    else:
        fetched = registry.fetch(version, run.folder / "students")
        against[IN_SERVICE] = _judged(run, IN_SERVICE, fetched, asked)
    report = build_report(
        asked.name,
        asked.notes,
        engine=CANDIDATE,
        student=candidate,
        against=against,
        disputed=asked.disputed,
    )
    _evaluation(run, "report.json").write_text(report.model_dump_json(indent=2) + "\n", "utf-8")
    page = report_page(report, candidate.outcomes, with_notes=False)
    _evaluation(run, "report.html").write_text(page, "utf-8")
    run.say(f"report for people: {_evaluation(run, 'report.html')}")
    return {
        "in_service": version,
        "judged_on": hash_of(asked.notes),
        "notes": len(asked.notes),
        "seconds": {name: round(one.seconds, 1) for name, one in _named(candidate, against)},
    }


def _judged(run: Run, name: str, folder: Path, asked: Asked) -> Answered:
    run.say(f"{name} answers {len(asked.notes)} notes")
    answered = answer_all(open_folder(folder, _base(run)), asked.notes)
    text = measured(answered).model_dump_json() + "\n"
    _evaluation(run, f"{name}.json").write_text(text, encoding="utf-8")
    return answered


def _base(run: Run) -> Path | None:
    """Folder of the base model; None for a student without one."""
    student = run.config.student
    preset = find_preset(student.preset)
    if preset.engine != "decoder":
        return None
    return find_base(student.base or preset.base, run.work).folder


def _named(candidate: Answered, against: Mapping[str, Answered]) -> Iterator[tuple[str, Answered]]:
    yield CANDIDATE, candidate
    yield from against.items()


def _register(run: Run) -> Result:
    version = Registry(run.config.registry).add(run.student, run.by)
    _on_mlflow(run, lambda mirror: mirror.show(read_entry(run.student)))
    return {"version": version}


def _promote(run: Run) -> Result:
    """Writes decision.json."""
    decision = gate(run)
    (run.folder / "decision.json").write_text(decision.model_dump_json(indent=2) + "\n")
    promoted = decision.promote and run.config.promote
    if promoted:
        version = str(run.result(Step.REGISTER)["version"])
        Registry(run.config.registry).promote(version, decision, run.by)
        _on_mlflow(run, lambda mirror: mirror.put_in_service(version))
    return {"promote": decision.promote, "promoted": promoted}


def _on_mlflow(run: Run, show: Callable[[Mirror], object]) -> None:
    """The registry counts and MLflow shows: one that is away holds nothing up."""
    uri = Settings().mlflow_uri
    if uri:
        try:
            show(Mirror(uri))
        except RegistryError as error:
            run.say(f"not shown on MLflow: {error}")


def gate(run: Run) -> Decision:
    """The rules applied to what the evaluation wrote. Raises GateError."""
    other = _evaluation(run, f"{IN_SERVICE}.json")
    return decide(
        _read(_evaluation(run, f"{CANDIDATE}.json")),
        _read(other) if other.is_file() else None,
        read_rules(run.config.gate),
        by_patient,
    )


def _evaluation(run: Run, file: str) -> Path:
    folder = run.folder / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / file


def _read(file: Path) -> Measured:
    return Measured.model_validate_json(file.read_text(encoding="utf-8"))


_EXECUTE = {
    Step.GENERATE: _generate,
    Step.CLEAN: _clean,
    Step.FINETUNE: _finetune,
    Step.EVALUATE: _evaluate,
    Step.REGISTER: _register,
    Step.PROMOTE: _promote,
}
