"""Tables of the embedded FHIR server."""

from __future__ import annotations

from sqlalchemy import Index, Table, UniqueConstraint
from sqlmodel import Field, SQLModel


class ResourceRow(SQLModel, table=True):
    """The current version of a resource. updated: microseconds since 1970, UTC. A deleted
    resource keeps its row, with an empty body. method: the HTTP method that wrote it."""

    __tablename__ = "fhir_resource"
    __table_args__ = (
        UniqueConstraint("kind", "id"),
        Index("fhir_resource_updated", "kind", "updated", "key"),
    )

    key: int | None = Field(default=None, primary_key=True)
    kind: str
    id: str
    version: int
    updated: int
    deleted: bool
    method: str
    body: str


class PastRow(SQLModel, table=True):
    """A superseded version."""

    __tablename__ = "fhir_past"

    key: int = Field(primary_key=True)
    version: int = Field(primary_key=True)
    updated: int
    deleted: bool
    method: str
    body: str


class ValueRow(SQLModel, table=True):
    """What tokens, strings, references and URIs of current resources are found by.

    param: `Kind.name`. value: parts joined by SEPARATOR, most telling first (see indexing.py).
    """

    __tablename__ = "fhir_value"
    __table_args__ = (
        Index("fhir_value_key", "key", "param"),
        {"sqlite_with_rowid": False},
    )

    param: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    key: int = Field(primary_key=True)


class DateRow(SQLModel, table=True):
    """Dates and periods of current resources as spans, microseconds since 1970."""

    __tablename__ = "fhir_date"
    __table_args__ = (
        Index("fhir_date_key", "key", "param"),
        {"sqlite_with_rowid": False},
    )

    param: str = Field(primary_key=True)
    low: int = Field(primary_key=True)
    high: int = Field(primary_key=True)
    key: int = Field(primary_key=True)


TABLES = (ResourceRow, PastRow, ValueRow, DateRow)

RESOURCE: Table = SQLModel.metadata.tables["fhir_resource"]
PAST: Table = SQLModel.metadata.tables["fhir_past"]
VALUE: Table = SQLModel.metadata.tables["fhir_value"]
DATE: Table = SQLModel.metadata.tables["fhir_date"]
