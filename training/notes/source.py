"""Notes from any source, by its location."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from training.notes import json_lines, n2c2, text_folder
from training.notes.fhir import read_fhir
from training.notes.json_lines import read_json_lines
from training.notes.mimic import MIMIC_III, MIMIC_IV, read_mimic_iii, read_mimic_iv
from training.notes.n2c2 import read_n2c2
from training.notes.records import NoteSourceError, SourceNote
from training.notes.table import read_columns
from training.notes.text_folder import read_text_folder


class NoteForm(StrEnum):
    TEXT = "text"
    JSON_LINES = "jsonl"
    FHIR = "fhir"
    MIMIC_III = "mimic-iii"
    MIMIC_IV = "mimic-iv"
    N2C2 = "n2c2"


_READERS: dict[NoteForm, Callable[[Path], Iterator[SourceNote]]] = {
    NoteForm.TEXT: read_text_folder,
    NoteForm.JSON_LINES: read_json_lines,
    NoteForm.MIMIC_III: read_mimic_iii,
    NoteForm.MIMIC_IV: read_mimic_iv,
    NoteForm.N2C2: read_n2c2,
}
_URL = ("http://", "https://")
_TABLES = (".csv", ".csv.gz")
_ENDINGS = {
    **dict.fromkeys(json_lines.SUFFIXES, NoteForm.JSON_LINES),
    text_folder.SUFFIX: NoteForm.TEXT,
    n2c2.SUFFIX: NoteForm.N2C2,
}


def open_source(location: str, form: NoteForm | None = None) -> Iterator[SourceNote]:
    """The notes at a path or a FHIR server's URL, as they are read.

    form: None has it guessed from the URL, the file's name or header, or the names in the folder,
    where these leave no doubt. Raises NoteSourceError at once if there is nothing at `location` or
    its form is in doubt, later where something in it cannot be read.
    """
    if form is NoteForm.FHIR or (form is None and location.startswith(_URL)):
        if not location.startswith(_URL):
            raise NoteSourceError(f"{location}: not a URL; a FHIR server's begins with https://")
        return read_fhir(location)
    path = Path(location)
    if not path.exists():
        raise NoteSourceError(f"{location}: there is no such file or folder")
    chosen = form or guess_form(path)
    if chosen in (NoteForm.MIMIC_III, NoteForm.MIMIC_IV) and path.is_dir():
        raise NoteSourceError(f"{location}: a folder; name the file, such as {_FILES[chosen]}")
    return _READERS[chosen](path)


def guess_form(path: Path) -> NoteForm:
    """Raises NoteSourceError where it is in doubt."""
    if path.is_dir():
        forms = {form for file in path.rglob("*") if (form := _by_name(file)) is not None}
        if len(forms) == 1:
            return forms.pop()
        what = "files of several forms" if forms else "nothing that is known as notes"
        raise NoteSourceError(f"{path}: {what}; {_SAY_WHICH}")
    found = _by_header(path) if path.name.lower().endswith(_TABLES) else _by_name(path)
    if found is None:
        raise NoteSourceError(f"{path}: its form is not certain; {_SAY_WHICH}")
    return found


_FILES = {NoteForm.MIMIC_III: "NOTEEVENTS.csv.gz", NoteForm.MIMIC_IV: "discharge.csv.gz"}
_SAY_WHICH = f"say which form it has: {', '.join(NoteForm)}"


def _by_name(file: Path) -> NoteForm | None:
    name = file.name.lower()
    return next((form for ending, form in _ENDINGS.items() if name.endswith(ending)), None)


def _by_header(file: Path) -> NoteForm | None:
    columns = read_columns(file)
    if columns.issuperset(MIMIC_III):
        return NoteForm.MIMIC_III
    return NoteForm.MIMIC_IV if columns.issuperset(MIMIC_IV) else None
