"""Shows students on an MLflow server (extra `mlflow`). The registry stays what counts: extract
never asks MLflow, and a server that is away costs nothing but its page.

    student added      -> a run with parameters, metrics and files, and a version of the model
    student in service -> the alias `in-service` of the model
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from training.registry.description import RegistryEntry, StudentDescription
from training.registry.errors import RegistryError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

MODEL = "chartsift-student"
ALIAS = "in-service"
TAG = "student_version"
_LONGEST_PARAMETER = 500  # characters; older servers refuse more
_METRICS = "metrics"


class MirrorFailed(RegistryError):
    """MLflow is not installed, does not answer or refuses. The registry itself is up to date."""


class Mirror:
    """`Mirror(settings.mlflow_uri)`. The methods raise MirrorFailed."""

    def __init__(self, uri: str) -> None:
        """Raises MirrorFailed: the extra is not installed, or a URI that MLflow does not know."""
        try:
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise MirrorFailed(
                f"CHARTSIFT_MLFLOW_URI needs the extra named mlflow: pip install "
                f"'chartsift[mlflow]' ({error})"
            ) from error
        with _Told(uri):
            self._client: MlflowClient = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._uri = uri

    def show(self, entry: RegistryEntry) -> str:
        """Number of the student's version of the model; one that is there already stays."""
        with _Told(self._uri):
            return self._number(entry.version) or self._new(entry)

    def put_in_service(self, version: str) -> None:
        """Moves the alias. Raises MirrorFailed also for a student that was never shown."""
        with _Told(self._uri):
            number = self._number(version)
            if number is None:
                raise MirrorFailed(f"{self._uri}: {version} was never shown there")
            self._client.set_registered_model_alias(MODEL, ALIAS, number)

    def _number(self, version: str) -> str | None:
        found = self._client.search_model_versions(f"name = '{MODEL}'")
        return next((str(one.version) for one in found if one.tags.get(TAG) == version), None)

    def _new(self, entry: RegistryEntry) -> str:
        experiment = self._client.get_experiment_by_name(MODEL)
        run = self._client.create_run(
            experiment.experiment_id if experiment else self._client.create_experiment(MODEL),
            run_name=entry.version,
            tags={TAG: entry.version},
        )
        run_id = run.info.run_id
        status = "FAILED"
        try:
            for name, parameter in parameters(entry.description):
                self._client.log_param(run_id, name, parameter)
            for name, metric in metrics(entry.description):
                self._client.log_metric(run_id, name, metric)
            self._client.log_artifacts(run_id, str(entry.folder), "student")
            status = "FINISHED"
        finally:
            self._client.set_terminated(run_id, status)
        if not self._client.search_registered_models(f"name = '{MODEL}'"):
            self._client.create_registered_model(MODEL)
        created = self._client.create_model_version(
            MODEL, f"{run.info.artifact_uri}/student", run_id, tags={TAG: entry.version}
        )
        return str(created.version)


def parameters(description: StudentDescription) -> Iterator[tuple[str, str]]:
    """What made the student: everything in student.json but the metrics, flattened."""
    told = description.model_dump(mode="json", exclude={_METRICS})
    for name, value in _flat(told):
        if value is not None:
            yield name, str(value)[:_LONGEST_PARAMETER]


def metrics(description: StudentDescription) -> Iterator[tuple[str, float]]:
    """The numbers among the metrics, flattened."""
    for name, value in _flat(description.metrics):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, float(value)


def _flat(values: Mapping[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


class _Told:
    """MLflow's exceptions, and those of the libraries that it talks through, as MirrorFailed."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, RegistryError):
            words = str(error).splitlines() or [type(error).__name__]
            raise MirrorFailed(f"{self._uri}: {words[0]}") from error
