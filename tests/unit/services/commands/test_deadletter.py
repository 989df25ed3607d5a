"""`chartsift deadletter`, on the embedded bus."""

from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli import app
from shared.bus import Message, open_bus
from shared.settings import Settings

TEXT = "Mrs. Achterberg has atrial fibrillation"


@pytest.fixture
def dead_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CHARTSIFT_DATA_DIR", str(tmp_path))
    with closing(open_bus(Settings().bus())) as bus:
        bus.publish("notes", [Message("patient-1", TEXT.encode())])
        with bus.consumer("notes", "extract") as consumer:
            (delivery,) = consumer.poll(1, 5)
            consumer.dead_letter(delivery, "not of schema version 1")
        return bus.dead_letters()[0].id


def chartsift(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["deadletter", *arguments], env={"COLUMNS": "200"})


def test_list_tells_the_reason_and_no_patient_text(dead_letter: str) -> None:
    result = chartsift("list")
    assert dead_letter in result.output
    assert "not of schema version 1" in result.output
    assert TEXT not in result.output


def test_list_keeps_to_the_topic(dead_letter: str) -> None:
    assert chartsift("list", "--topic", "answers").output == "No dead letters.\n"


def test_show_withholds_the_message(dead_letter: str) -> None:
    result = chartsift("show", dead_letter)
    assert f"{len(TEXT)} bytes" in result.output
    assert TEXT not in result.output


def test_show_reveals_the_message_if_told_to(dead_letter: str) -> None:
    assert TEXT in chartsift("show", dead_letter, "--reveal").output


def test_replay_delivers_it_again(dead_letter: str) -> None:
    assert chartsift("replay", dead_letter).exit_code == 0
    with closing(open_bus(Settings().bus())) as bus, bus.consumer("notes", "extract") as consumer:
        assert [one.message.value for one in consumer.poll(1, 5)] == [TEXT.encode()]
    assert chartsift("list").output == "No dead letters.\n"


def test_drop_asks_before_it_deletes(dead_letter: str) -> None:
    assert chartsift("drop", dead_letter).exit_code == 1  # nobody answered
    assert dead_letter in chartsift("list").output
    assert chartsift("drop", dead_letter, "--yes").exit_code == 0
    assert chartsift("list").output == "No dead letters.\n"


def test_unknown_id_is_named_with_the_cure(dead_letter: str) -> None:
    result = chartsift("replay", "no-such-letter")
    assert result.exit_code == 1
    assert "chartsift deadletter list" in result.output
