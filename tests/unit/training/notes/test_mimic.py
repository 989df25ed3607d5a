"""NOTEEVENTS.csv of MIMIC-III, discharge.csv and radiology.csv of MIMIC-IV."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from training.notes.mimic import read_mimic_iii, read_mimic_iv
from training.notes.records import NoteFilter, NoteSourceError

III = (
    '"ROW_ID","SUBJECT_ID","HADM_ID","CHARTDATE","CHARTTIME","STORETIME","CATEGORY",'
    '"DESCRIPTION","CGID","ISERROR","TEXT"'
)
IV = "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text"
TEXT = 'Admission Date: [**2118-6-2**]\n\nShe said "no pain, none".\n'


def event(row_id: int, **changes: str) -> list[object]:
    fields = {
        "CHARTDATE": "2118-06-02",
        "CHARTTIME": "",
        "CATEGORY": "Discharge summary",
        "DESCRIPTION": "Report",
        "ISERROR": "",
        "TEXT": TEXT,
    } | changes
    date, time, error = fields["CHARTDATE"], fields["CHARTTIME"], fields["ISERROR"]
    kind = (fields["CATEGORY"], fields["DESCRIPTION"])
    return [row_id, 70, 1001, date, time, "", *kind, "", error, fields["TEXT"]]


def test_a_text_of_many_lines_with_quotes_and_commas_comes_verbatim(table) -> None:
    (note,) = read_mimic_iii(table("NOTEEVENTS.csv", III, [event(1)]))
    assert (note.id, note.patient_id, note.text) == ("1", "70", TEXT)
    assert (note.note_type, note.description) == ("Discharge summary", "Report")


def test_the_date_is_the_time_of_charting_else_the_day(table) -> None:
    timed = event(2, CHARTTIME="2118-06-07 14:30:00")
    notes = read_mimic_iii(table("NOTEEVENTS.csv", III, [event(1), timed]))
    assert [note.date for note in notes] == ["2118-06-02", "2118-06-07T14:30:00"]


def test_notes_marked_as_errors_and_empty_ones_are_left_out(table) -> None:
    rows = [event(1, ISERROR="1"), event(2), event(3, TEXT=" \n"), event(4, ISERROR="1.0")]
    assert [note.id for note in read_mimic_iii(table("NOTEEVENTS.csv", III, rows))] == ["2"]


def test_gzip_is_told_by_content_not_by_name(table, tmp_path: Path) -> None:
    zipped = table("NOTEEVENTS.csv.gz", III, [event(1)])
    renamed = tmp_path / "NOTEEVENTS.csv"
    renamed.write_bytes(zipped.read_bytes())
    assert list(read_mimic_iii(zipped)) == list(read_mimic_iii(renamed))


def test_a_filter_takes_types_whatever_their_case_and_trailing_space(table) -> None:
    rows = [event(1, CATEGORY="Physician "), event(2), event(3, DESCRIPTION="Addendum")]
    notes = list(read_mimic_iii(table("NOTEEVENTS.csv", III, rows)))
    only = NoteFilter(types=("physician",))
    assert [note.id for note in only.keep(notes)] == ["1"]
    reports = NoteFilter(types=("discharge summary",), descriptions=("REPORT",))
    assert [note.id for note in reports.keep(notes)] == ["2"]


def test_mimic_iv_names_its_types_in_the_words_of_mimic_iii(table) -> None:
    rows = [
        ["10-DS-21", 10, 2002, "DS", 21, "2180-05-07 00:00:00", "2180-05-09 15:26:00", TEXT],
        ["10-RR-3", 10, "", "RR", 3, "2180-05-06 23:00:00", "", "CHEST: clear."],
    ]
    summary, radiology = read_mimic_iv(table("discharge.csv.gz", IV, rows))
    assert (summary.id, summary.patient_id, summary.text) == ("10-DS-21", "10", TEXT)
    assert (summary.note_type, summary.date) == ("Discharge summary", "2180-05-07T00:00:00")
    assert radiology.note_type == "Radiology"


def test_columns_may_be_lower_case_and_in_another_order(table) -> None:
    header = "text,iserror,description,category,subject_id,row_id"
    (note,) = read_mimic_iii(table("n.csv", header, [["Well.", "", "Report", "ECG", 7, 1]]))
    assert (note.id, note.patient_id, note.text, note.date) == ("1", "7", "Well.", None)


def test_a_missing_column_is_named_and_nothing_that_stands_in_its_place(table) -> None:
    file = table("NOTEEVENTS.csv", "Mrs Example is 70,smokes", [])
    with pytest.raises(NoteSourceError, match=r"NOTEEVENTS.csv: line 1: no column row_id") as no:
        list(read_mimic_iii(file))
    assert "Example" not in str(no.value)


GOOD = '1,70,1,,,,C,D,,,"one\ntwo"\n'


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('2,70,1,,,,C,D,,,"a "bare" quote"\n', "line 4: broken quoting in the row that begins at"),
        ('2,70,1,,,,C,D,,,"never closed\n3,70,1,,,,C,D,,,"x"\n', "line 5: broken quoting"),
        ('2,70,1,,,,C,D,,,"never closed\nand no more rows\n', "broken quoting.*unexpected end"),
        ("2,70,1,,,,C,D,,,not quoted\nso a row ends here\n", "line 5: 1 fields where the header"),
        ("2,70,1,,,,C,D,,,one, two\n", "line 4: 12 fields where the header names 11"),
        (",70,1,,,,C,D,,,x\n", "line 4: id: "),
    ],
)
def test_a_broken_row_is_an_error_with_its_line_after_the_good_rows(
    tmp_path: Path, rows: str, line: str
) -> None:
    file = tmp_path / "NOTEEVENTS.csv"
    file.write_text(III + "\n" + GOOD + rows)
    notes = read_mimic_iii(file)
    assert next(notes).text == "one\ntwo"
    with pytest.raises(NoteSourceError, match=line) as error:
        list(notes)
    assert "quote" in str(error.value) or "id" in str(error.value)
    assert "never closed\n" not in str(error.value)


def test_a_quote_that_is_never_closed_does_not_fill_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "NOTEEVENTS.csv"
    with file.open("w") as out:
        out.write(III + '\n1,70,1,,,,C,D,,,"never closed\n')
        out.writelines("a line of the rest of the file\n" for _ in range(300_000))
    with pytest.raises(NoteSourceError, match="line 2: a row of more than 4,000,000 characters"):
        list(read_mimic_iii(file))


def test_a_gzip_file_that_is_cut_off_gives_what_it_has_and_then_the_line(table) -> None:
    file = table("NOTEEVENTS.csv.gz", III, [event(n, TEXT=f"{n} " * 99) for n in range(2_000)])
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    read = 0
    with pytest.raises(NoteSourceError, match=r"line \d+: the gzip file is cut off here.*gzip -t"):
        for _ in read_mimic_iii(file):
            read += 1
    assert 0 < read < 2_000


def test_a_gzip_file_whose_checksum_does_not_fit_is_an_error(table) -> None:
    file = table("NOTEEVENTS.csv.gz", III, [event(1)])
    broken = bytearray(file.read_bytes())
    broken[-8] ^= 1  # of the checksum
    file.write_bytes(broken)
    with pytest.raises(NoteSourceError, match=r"the gzip file is damaged; copy it again"):
        list(read_mimic_iii(file))


def test_bytes_that_are_not_utf8_are_an_error_with_the_cure(tmp_path: Path) -> None:
    file = tmp_path / "NOTEEVENTS.csv"
    file.write_bytes((III + "\n" + GOOD).encode() + b'2,70,1,,,,C,D,,,"caf\xe9"\n')
    with pytest.raises(NoteSourceError, match="not UTF-8; convert the file, as by: iconv"):
        list(read_mimic_iii(file))


def test_two_hundred_thousand_rows_take_no_more_memory_than_a_few(tmp_path: Path) -> None:
    file = tmp_path / "discharge.csv.gz"
    with gzip.open(file, "wt", compresslevel=1) as out:
        out.write(IV + "\n")
        for number in range(200_000):
            out.write(f'{number},{number % 999},1,DS,1,,,"line one\nline ""two"" of {number}"\n')
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_mimic_iv(file))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 200_000
    assert peak < 1_000_000, f"{peak} bytes at most at once"
