"""What only the embedded bus promises."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.bus import Bus, BusUnavailable, Delivery, Message, open_bus

TOPIC, GROUP = "notes", "extract"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    return open_bus(f"sqlite:///{tmp_path}/bus.db?lease=0.3")


def retained(tmp_path: Path) -> int:
    with closing(sqlite3.connect(tmp_path / "bus.db")) as connection:
        count: int = connection.execute("SELECT count(*) FROM message").fetchone()[0]
    return count


def named(*names: str) -> list[Message]:
    return [Message(name[0], name.encode()) for name in names]


def values(deliveries: list[Delivery]) -> list[bytes]:
    return [delivery.message.value for delivery in deliveries]


def test_a_silent_member_loses_what_it_holds_and_its_late_outcome_counts_for_nothing(
    bus: Bus,
) -> None:
    bus.publish(TOPIC, named("a1"))
    silent, other = bus.consumer(TOPIC, GROUP), bus.consumer(TOPIC, GROUP)
    (late,) = silent.poll(1, 5)
    (again,) = other.poll(1, 5)
    assert (again.message, again.attempt) == (late.message, 2)
    silent.commit([late])
    silent.retry(late, "late", 0)
    silent.dead_letter(late, "late")
    assert other.lag() == 1
    assert bus.dead_letters() == []
    assert silent.poll(1, 0.1) == []  # joined anew, and the key is in the other's hands
    other.commit([again])
    assert other.lag() == 0


def test_what_every_group_has_finished_is_deleted(bus: Bus, tmp_path: Path) -> None:
    bus.publish(TOPIC, named("a1", "b1", "c1"))
    with bus.consumer(TOPIC, "one") as one, bus.consumer(TOPIC, "two") as two:
        one.commit(one.poll(3, 5))
        first, second, third = two.poll(3, 5)
        two.commit([first, third])
        two.retry(second, "later", 60)
    with bus.consumer(TOPIC, "one"):
        assert retained(tmp_path) == 1


def test_a_group_that_joins_later_starts_at_the_earliest_retained(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1", "a2"))
    with bus.consumer(TOPIC, "one") as one:
        one.commit(one.poll(1, 5))
    with bus.consumer(TOPIC, "late") as late:
        assert values(late.poll(5, 5)) == [b"a1", b"a2"]


def test_nothing_is_deleted_before_any_group_has_joined(bus: Bus, tmp_path: Path) -> None:
    bus.publish(TOPIC, named("a1"))
    with bus.consumer("other topic", GROUP):
        assert retained(tmp_path) == 1


def test_a_retried_message_waits_while_another_member_holds_its_key(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1", "a2"))
    with bus.consumer(TOPIC, GROUP) as one, bus.consumer(TOPIC, GROUP) as two:
        (first,) = one.poll(1, 5)
        one.retry(first, "again", 0.5)
        (second,) = two.poll(1, 5)
        assert second.message.value == b"a2"
        for _ in range(8):
            two.poll(0, 0)
            assert one.poll(1, 0.1) == []
        two.commit([second])
        assert values(one.poll(1, 5)) == [b"a1"]


def test_publishing_is_all_or_nothing(bus: Bus) -> None:
    bad = Message("b", value=object())  # type: ignore[arg-type]
    with pytest.raises(Exception, match="not supported"):
        bus.publish(TOPIC, [*named("a1"), bad])
    with bus.consumer(TOPIC, GROUP) as consumer:
        assert consumer.lag() == 0


def test_a_bus_that_cannot_be_opened_names_its_file_and_a_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BusUnavailable, match=r"file/bus\.db.*writable"):
        open_bus(f"sqlite:///{tmp_path}/file/bus.db")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bus.db"
    path.write_text("someone's letter, which is no database at all" * 100)
    with pytest.raises(BusUnavailable):
        open_bus(f"sqlite:///{path}")
    assert path.read_text().startswith("someone's letter")


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///x.db?lease=soon", "sqlite:///x.db?lease=0"]
)
def test_urls_without_file_or_with_a_wrong_lease_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="lease=SECONDS"):
        open_bus(url)
