"""Students shown on MLflow, with its own client and a store in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from training.registry import read_entry
from training.registry.mirror import ALIAS, MODEL, Mirror, MirrorFailed, metrics, parameters

tracking = pytest.importorskip("mlflow.tracking", reason="needs the extra named mlflow")

NewStudent = Callable[[str], Path]


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # MLflow would have a server or a database; the folder store does for what is asked here.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return (tmp_path / "mlflow").as_uri()


def test_a_student_is_shown_with_its_figures_files_and_version(
    uri: str, new_student: NewStudent, tmp_path: Path
) -> None:
    entry = read_entry(new_student("a"))
    number = Mirror(uri).show(entry)
    client = tracking.MlflowClient(tracking_uri=uri)
    shown = client.get_model_version(MODEL, number)
    assert shown.tags == {"student_version": entry.version}
    run = client.get_run(shown.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["dataset.hash"] == "abc"
    assert run.data.metrics == {"three_class_balanced_accuracy": 0.7}
    names = {one.path for one in client.list_artifacts(shown.run_id, "student")}
    assert {"student/student.json", "student/weights.bin"} <= names


def test_a_student_is_shown_once(uri: str, new_student: NewStudent) -> None:
    entry = read_entry(new_student("a"))
    assert Mirror(uri).show(entry) == Mirror(uri).show(entry) == "1"
    assert Mirror(uri).show(read_entry(new_student("b"))) == "2"


def test_the_student_in_service_has_the_alias(uri: str, new_student: NewStudent) -> None:
    first, second = (read_entry(new_student(name)) for name in "ab")
    mirror = Mirror(uri)
    for entry in (first, second):
        mirror.show(entry)
        mirror.put_in_service(entry.version)
    client = tracking.MlflowClient(tracking_uri=uri)
    assert str(client.get_model_version_by_alias(MODEL, ALIAS).version) == "2"


def test_a_student_that_was_never_shown_cannot_be_put_in_service(uri: str) -> None:
    with pytest.raises(MirrorFailed, match="tiny-0123456789ab was never shown"):
        Mirror(uri).put_in_service("tiny-0123456789ab")


def test_a_store_that_does_not_work_is_named(
    new_student: NewStudent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    (tmp_path / "occupied").write_text("")
    uri = (tmp_path / "occupied").as_uri()
    with pytest.raises(MirrorFailed, match="occupied: "):
        Mirror(uri).show(read_entry(new_student("a")))


def test_what_is_no_number_is_no_metric(new_student: NewStudent) -> None:
    description = read_entry(new_student("a")).description.model_copy(
        update={"metrics": {"macro": {"f1": 0.5, "notes": 3}, "passed": True, "by": "ann"}}
    )
    assert dict(metrics(description)) == {"macro.f1": 0.5, "macro.notes": 3.0}
    assert all("metrics" not in name for name, _ in parameters(description))
