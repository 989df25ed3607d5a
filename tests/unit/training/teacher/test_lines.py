"""Files that survive a kill."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from training.teacher import TeacherFolderError
from training.teacher.lines import LineWriter, read_lines


class Record(BaseModel):
    text: str


def texts(file: Path) -> list[str]:
    return [record.text for _, record in read_lines(file, Record)]


def add(file: Path, *written: str) -> bool:
    writer: LineWriter[Record] = LineWriter(file)
    for text in written:
        writer.add(Record(text=text))
    writer.close()
    return writer.torn


def test_what_was_added_is_read_back_in_order(tmp_path: Path) -> None:
    assert not add(tmp_path / "file", "one", "two\nlines")
    assert not add(tmp_path / "file", "\u2028three")
    assert texts(tmp_path / "file") == ["one", "two\nlines", "\u2028three"]


def test_the_place_of_each_record_is_its_offset(tmp_path: Path) -> None:
    file = tmp_path / "file"
    add(file, "µ", "b")
    for place, record in read_lines(file, Record):
        with file.open("rb") as stream:
            stream.seek(place)
            assert Record.model_validate_json(stream.readline()) == record


@given(cut=st.integers(0, 200), long=st.booleans())
def test_a_file_torn_anywhere_goes_on_with_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, cut: int, long: bool
) -> None:
    file = tmp_path_factory.mktemp("torn") / "file"
    written = ["one", "two", "x" * 200_000 if long else "three"]
    add(file, *written)
    content = file.read_bytes()
    cut = min(cut, len(content))
    file.write_bytes(content[: len(content) - cut])
    left = file.read_bytes()
    whole = left.count(b"\n")
    assert texts(file) == written[:whole]
    assert add(file, "more") == (left != b"" and not left.endswith(b"\n"))
    assert texts(file) == [*written[:whole], "more"]


def test_a_line_that_is_no_record_is_named_without_its_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"text": "She smokes"}\n{"text": ["She smokes"]}\n')
    with pytest.raises(TeacherFolderError, match="file:2: text") as caught:
        texts(tmp_path / "file")
    assert "smokes" not in str(caught.value)


def test_a_full_disk_is_an_error_with_a_cure() -> None:
    with pytest.raises(TeacherFolderError, match="No space left on device"):
        add(Path("/dev/full"), "one")
