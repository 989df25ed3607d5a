from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Field, SQLModel

from shared.database import UtcDateTime, create_tables, open_engine, session


class Counter(SQLModel, table=True):
    __tablename__ = "databasetest_counter"

    id: str = Field(primary_key=True)
    value: int = 0
    at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    opened = open_engine(f"sqlite:///{tmp_path}/deep/below/test.db")
    create_tables(opened, [Counter])
    return opened


def test_creates_the_folder_for_its_owner_alone(engine: Engine, tmp_path: Path) -> None:
    assert (tmp_path / "deep/below").stat().st_mode & 0o077 == 0


def test_commits_are_durable_and_foreign_keys_hold(engine: Engine) -> None:
    with session(engine, read_only=True) as reading:
        pragma = {
            name: reading.connection().execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_creating_tables_again_keeps_what_they_hold(engine: Engine) -> None:
    with session(engine) as writing:
        writing.add(Counter(id="a", value=7))
    create_tables(engine, [Counter])
    with session(engine, read_only=True) as reading:
        kept = reading.get(Counter, "a")
    assert kept is not None and kept.value == 7


def test_an_error_rolls_the_whole_block_back(engine: Engine) -> None:
    with pytest.raises(RuntimeError), session(engine) as writing:
        writing.add(Counter(id="a"))
        writing.flush()
        raise RuntimeError
    with session(engine, read_only=True) as reading:
        assert reading.get(Counter, "a") is None


def test_reading_then_writing_loses_no_update_between_threads(engine: Engine) -> None:
    with session(engine) as writing:
        writing.add(Counter(id="a"))

    def count() -> None:
        for _ in range(20):
            with session(engine) as writing:
                counter = writing.get_one(Counter, "a")
                counter.value += 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with session(engine, read_only=True) as reading:
        assert reading.get_one(Counter, "a").value == 80


def test_instants_come_back_in_utc(engine: Engine) -> None:
    summer = timezone(timedelta(hours=2))
    with session(engine) as writing:
        writing.add(Counter(id="a", at=datetime(2026, 7, 1, 9, 30, tzinfo=summer)))
    with session(engine, read_only=True) as reading:
        assert reading.get_one(Counter, "a").at == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)


def test_a_naive_datetime_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="time zone"), session(engine) as writing:
        writing.add(Counter(id="a", at=datetime(2026, 7, 1)))


def test_errors_do_not_repeat_the_values_of_the_statement(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as failure, session(engine) as writing:
        writing.execute(
            text("INSERT INTO databasetest_counter (id, value) VALUES (:id, NULL)"),
            {"id": "secret words of the note"},
        )
    assert "secret words" not in str(failure.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://host/db", "postgresql://"),
        ("sqlite://", "sqlite:///path"),
        ("no url", "sqlite:///path"),
    ],
)
def test_unusable_urls_say_what_to_give_instead(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        open_engine(url)
