"""A folder of text files: one note a file, one patient a folder or a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from training.notes.records import NoteSourceError, SourceNote

SUFFIX = ".txt"


def read_text_folder(folder: Path) -> Iterator[SourceNote]:
    """The notes of *.txt (UTF-8) in the folder and below, by name; empty ones are left out.

    id: the path below the folder without its ending. patient_id: the name of the folder that the
    note lies in; a note that lies in `folder` itself is a patient of its own, by its file's name.
    `folder` may be a single file. Raises NoteSourceError.
    """
    files = [folder] if folder.is_file() else _files(folder)
    root = folder.parent if folder.is_file() else folder
    if not files:
        raise NoteSourceError(f"no *{SUFFIX} file in {folder}; name the folder of the notes")
    for file in files:
        text = _text(file)
        if not text.strip():
            continue
        yield SourceNote(
            id=file.relative_to(root).with_suffix("").as_posix(),
            patient_id=file.stem if file.parent == root else file.parent.name,
            text=text,
        )


def _files(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.rglob("*") if file.suffix.lower() == SUFFIX and file.is_file()
    )


def _text(file: Path) -> str:
    try:
        # Not read_text: line ends stay as they are, for offsets count them.
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NoteSourceError(
            f"{file}: not UTF-8; convert it, as by: iconv -f windows-1252 -t utf-8"
        ) from None
    except OSError as error:
        raise NoteSourceError(f"cannot read {file}: {error.strerror}") from None
