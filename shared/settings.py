"""Settings of every service, from the environment (prefix CHARTSIFT_) or a file named .env."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One documented place. `.env.example` lists every variable; secrets never print."""

    model_config = SettingsConfigDict(env_prefix="CHARTSIFT_", env_file=".env", extra="ignore")

    data_dir: Path = Field(Path("var"), description="folder of the embedded databases")
    bus_url: str = Field("", description="empty: SQLite under data_dir; kafka://host:port")
    database_url: str = Field("", description="empty: SQLite under data_dir; postgresql://...")

    fhir_url: str = Field("http://127.0.0.1:8010/fhir", description="base URL of the FHIR server")
    fhir_token: SecretStr | None = Field(None, description="bearer token for the FHIR server")
    fhir_max_body_bytes: int = Field(
        64_000_000, gt=0, description="embedded FHIR server: largest request body"
    )
    fhir_subscription_attempts: int = Field(
        8, gt=0, description="embedded FHIR server: how often one notification is tried"
    )
    fhir_subscription_backoff_seconds: float = Field(
        1.0,
        ge=0,
        description="embedded FHIR server: pause after the first failure, doubled each time",
    )
    ingest_url: str = Field("http://127.0.0.1:8011", description="where ingest listens")
    trials_url: str = Field("http://127.0.0.1:8012", description="where trials listens")
    retrain_url: str = Field("http://127.0.0.1:8013", description="where retrain listens")

    ingest_max_attachment_bytes: int = Field(
        10_000_000, gt=0, description="largest note that ingest accepts, bytes after base64"
    )
    ingest_max_bundle_bytes: int = Field(
        64_000_000, gt=0, description="largest Bundle that ingest accepts, bytes of the request"
    )
    ingest_sweep_seconds: float = Field(
        30.0, gt=0, description="how often the FHIR server is searched for notes not notified of"
    )
    ingest_sweep_overlap_seconds: float = Field(
        300.0, ge=0, description="how far each of these searches reaches back behind the last one"
    )
    ingest_patience_seconds: float = Field(
        900.0, gt=0, description="after how long a note that nobody reports on is queued again"
    )
    opt_out_group: str = Field(
        "", description="id of the Group of patients who are not screened; empty: none"
    )

    student: str = Field(
        "encoder",
        description="student engine: encoder, transformers or vllm, or module:function of your own",
    )
    student_dir: Path | None = Field(
        None, description="folder of the student; empty: shipped one, an encoder"
    )
    student_base: str = Field(
        "",
        description="decoders: folder or name of the base model; empty: as student.json names it",
    )
    student_context: int = Field(
        0, ge=0, description="decoders: tokens of prompt and reply, at most; 0: what the model can"
    )
    student_device: str = Field(
        "auto", description="transformers: cpu, cuda or cuda:1; auto: a GPU where there is one"
    )
    student_questions_at_once: int = Field(
        8, gt=0, description="transformers: questions side by side; each takes memory for a note"
    )
    vllm_url: str = Field(
        "http://127.0.0.1:8000", description="where the vLLM server listens, for the engine vllm"
    )
    vllm_key: SecretStr | None = Field(None, description="the vLLM server's API key")
    vllm_model: str = Field(
        "", description="name of the student's adapter on the server; empty: the student's version"
    )
    vllm_questions_per_call: int = Field(
        1, ge=0, description="questions of a note in one call; 1 reads the note once; 0: all"
    )
    vllm_concurrency: int = Field(16, gt=0, description="calls to the server at a time")
    vllm_timeout_seconds: float = Field(120.0, gt=0, description="how long one reply may take")
    vllm_patience_seconds: float = Field(
        60.0, ge=0, description="for how long a busy server is asked again before the note waits"
    )
    registry_url: str = Field(
        "", description="students and the one in service: folder or s3://...; empty: student_dir"
    )
    registry_poll_seconds: float = Field(
        30.0, gt=0, description="how often extract asks the registry which student is in service"
    )
    mlflow_uri: str = Field(
        "",
        description="MLflow server that students added to the registry are shown on; empty: none",
    )

    as_of: date | None = Field(
        None, description="date that patients are screened as of, YYYY-MM-DD; empty: today"
    )
    review_sweep: float = Field(
        5.0, gt=0, description="seconds between two looks for persons' corrections on FHIR"
    )
    screening_list_delay: float = Field(
        2.0, gt=0, description="seconds for which changes of a screening list are collected"
    )

    retrain_config: Path | None = Field(
        None, description="file that says how students are retrained; empty: no run can be started"
    )
    retrain_schedule: str = Field(
        "", description="when runs are due, UTC: HH:MM, or five fields of cron; empty: never"
    )

    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("*", mode="before")
    @classmethod
    def _empty_means_default(cls, value: Any, info: ValidationInfo) -> Any:
        return cls.model_fields[str(info.field_name)].default if value == "" else value

    def bus(self) -> str:
        """URL of the bus with the embedded default filled in."""
        return self.bus_url or f"sqlite:///{self.data_dir / 'bus.db'}"

    def database(self, service: str) -> str:
        """URL of one service's database; on SQLite each service has its own file."""
        return self.database_url or f"sqlite:///{self.data_dir / service}.db"
