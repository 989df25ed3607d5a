"""A run that is killed goes on where it was."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from training.dataset import ItemType, TeacherNote
from training.notes.records import SourceNote
from training.teacher import TeacherSettings, generate, read_replies
from training.teacher.faults import Fault, FaultKind
from training.teacher.stand_in import StandIn

Make = Callable[..., TeacherSettings]
CONCURRENCY = 3

GENERATING = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from training.dataset import read_notes
    from training.notes.records import SourceNote
    from training.teacher import TeacherSettings, generate

    samples, settings, folder = sys.argv[1:]
    notes = [
        SourceNote(id=n.id, patient_id=n.patient_id, text=n.text)
        for n in read_notes(Path(samples))
    ]
    generate(notes, TeacherSettings.model_validate_json(settings), Path(folder), print)
    """
)


@pytest.mark.parametrize("replies", [0, 1, 9])
def test_kill_9_loses_at_most_the_requests_in_flight(
    replies: int,
    samples: list[TeacherNote],
    server: StandIn,
    settings: Make,
    tmp_path: Path,
) -> None:
    source, folder = tmp_path / "source", tmp_path / "run"
    source.mkdir()
    lines = [sample.model_dump_json() for sample in samples]
    (source / "notes.jsonl").write_text("\n".join(lines) + "\n")
    server.faults.replace(Fault(fault=FaultKind.DELAY, seconds=0.1))
    chosen = settings(concurrency=CONCURRENCY)
    command = [sys.executable, "-c", GENERATING, str(source), chosen.model_dump_json(), str(folder)]
    with subprocess.Popen(command) as process:
        give_up = time.monotonic() + 60
        while len(server.asked) <= replies + CONCURRENCY and time.monotonic() < give_up:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    before = Counter((asked.note_id, asked.kind) for asked in server.asked)
    kept = {(note.id, reply.kind) for note, replies in read_replies(folder) for reply in replies}
    assert replies < len(kept) + CONCURRENCY
    assert len(before) - len(kept) <= CONCURRENCY

    server.faults.replace()
    notes = [SourceNote(id=n.id, patient_id=n.patient_id, text=n.text) for n in samples]
    manifest = generate(notes, chosen, folder, lambda line: None)
    everything = {(note.id, kind) for note in notes for kind in ItemType}
    after = Counter((asked.note_id, asked.kind) for asked in server.asked) - before
    assert after == dict.fromkeys(everything - kept, 1)
    assert (manifest.done, manifest.complete) == (len(notes), True)


@pytest.mark.parametrize("file", ["notes.jsonl", "replies.jsonl"])
def test_a_line_torn_by_the_kill_is_repaired_and_said(
    file: str, samples: list[TeacherNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    notes = [SourceNote(id=n.id, patient_id=n.patient_id, text=n.text) for n in samples[:2]]
    generate(notes, settings(concurrency=1), tmp_path, lambda line: None)
    torn = (tmp_path / file).read_bytes()[:-40]
    (tmp_path / file).write_bytes(torn)
    before, said = len(server.asked), list[str]()
    manifest = generate(notes, settings(), tmp_path, said.append)
    assert "removed the unfinished last line" in said[0]
    assert len(server.asked) - before == (1 if file == "replies.jsonl" else 0)
    assert manifest.done == 2
    assert [len(replies) for _, replies in read_replies(tmp_path)] == [4, 4]
