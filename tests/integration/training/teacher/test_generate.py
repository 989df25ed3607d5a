"""Items for notes from a server that behaves."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from training.dataset import ItemType, TeacherNote
from training.notes.records import NoteSourceError, SourceNote
from training.teacher import (
    HostRefusedError,
    TeacherFolderError,
    TeacherSettings,
    generate,
    read_items,
    read_manifest,
    read_replies,
)
from training.teacher.journal import TeacherFolder
from training.teacher.stand_in import StandIn

Make = Callable[..., TeacherSettings]


def quiet(line: str) -> None:
    pass


def test_every_note_gets_the_items_of_every_kind(
    notes: list[SourceNote], samples: list[TeacherNote], settings: Make, tmp_path: Path
) -> None:
    generate(notes, settings(), tmp_path, quiet)
    written = {sample.id: sample for sample in samples}
    read = list(read_replies(tmp_path))
    assert sorted(note.id for note, _ in read) == [note.id for note in notes]
    for note, replies in read:
        assert [reply.kind for reply in replies] == list(ItemType)
        for reply in replies:
            items, dropped = read_items(reply)
            expected = [i for i in written[note.id].items if i.type is reply.kind]
            assert not dropped
            assert [(i.question, i.answer, i.unit, i.quote, i.difficulty) for i in items] == [
                (i.question, i.answer, i.unit, i.quote, i.difficulty) for i in expected
            ]


def test_one_request_for_each_note_and_kind_with_the_published_sampling(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    generate(notes, settings(seed=7), tmp_path, quiet)
    assert Counter((a.note_id, a.kind) for a in server.asked) == {
        (note.id, kind): 1 for note in notes for kind in ItemType
    }
    assert {(a.temperature, a.top_p, a.max_tokens, a.seed) for a in server.asked} == {
        (0.7, 0.95, 4096, 7)
    }
    assert all(a.structured for a in server.asked)


def test_the_manifest_says_what_was_done_and_what_it_took(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    chosen = settings(prices={"prompt": 2.0, "completion": 4.0})
    manifest = generate(notes, chosen, tmp_path, quiet)
    assert read_manifest(tmp_path) == manifest
    assert (manifest.notes, manifest.done, manifest.failed) == (3, 3, ())
    assert (manifest.requests, manifest.complete, manifest.structured) == (12, True, True)
    assert manifest.model == "stand-in-sample-items"
    assert manifest.server == chosen.base_url
    assert set(manifest.prompts) == set(ItemType)
    replies = [reply for _, replies in read_replies(tmp_path) for reply in replies]
    prompt = sum(reply.prompt_tokens for reply in replies)
    completion = sum(reply.completion_tokens for reply in replies)
    assert (manifest.prompt_tokens, manifest.completion_tokens) == (prompt, completion)
    assert manifest.cost == pytest.approx((2 * prompt + 4 * completion) / 1e6)


def test_kinds_of_which_none_is_wanted_are_not_asked_for(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    chosen = settings(items={"numeric": 0, "na_boolean": 0, "na_numeric": 0})
    assert generate(notes, chosen, tmp_path, quiet).done == 3
    assert {asked.kind for asked in server.asked} == {ItemType.BOOLEAN}


def test_a_second_start_asks_only_about_notes_that_are_new(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    generate(notes[:2], settings(), tmp_path, quiet)
    first = len(server.asked)
    manifest = generate(notes, settings(), tmp_path, quiet)
    assert {asked.note_id for asked in server.asked[first:]} == {notes[2].id}
    assert (manifest.done, manifest.requests) == (3, 12)


def test_a_finished_run_needs_no_server(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    generate(notes, settings(), tmp_path, quiet)
    nowhere = settings(base_url="http://127.0.0.1:9/v1")
    assert generate(notes, nowhere, tmp_path, quiet).done == 3


def test_a_note_that_comes_twice_is_asked_about_once(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    generate([notes[0], notes[0]], settings(), tmp_path, quiet)
    assert len(server.asked) == 4


def test_notes_are_taken_as_they_are_needed(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    enough = threading.Event()
    answered: list[int] = []

    def endless() -> Iterator[SourceNote]:
        for number in range(1_000_000):
            answered.append(len(server.asked))
            if number == 3:
                enough.set()
                raise NoteSourceError("row 4 is broken")
            yield notes[number]

    with pytest.raises(NoteSourceError, match="row 4"):
        generate(endless(), settings(concurrency=1), tmp_path, quiet)
    assert enough.is_set()
    assert answered[3] >= 9  # all but the request in flight and those waiting for its place


@pytest.mark.parametrize(
    "change",
    [
        {"sampling": {"temperature": 0.2}},
        {"seed": 1},
        {"items": {"yes": 6}},
    ],
)
def test_a_folder_begun_with_other_settings_is_refused_with_the_cure(
    change: dict[str, object], notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(), tmp_path, quiet)
    before = sorted((file.name, file.read_bytes()) for file in tmp_path.iterdir())
    with pytest.raises(TeacherFolderError, match=rf"{next(iter(change))} .*begin a new folder"):
        generate(notes, settings(**change), tmp_path, quiet)
    assert sorted((file.name, file.read_bytes()) for file in tmp_path.iterdir()) == before


def test_what_does_not_change_the_replies_may_change(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(), tmp_path, quiet)
    other = settings(concurrency=1, attempts=9, prices={"prompt": 1, "completion": 1})
    assert generate(notes, other, tmp_path, quiet).done == 3


def test_a_folder_without_replies_takes_new_settings(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    generate([], settings(), tmp_path, quiet)
    assert generate(notes[:1], settings(seed=5), tmp_path, quiet).seed == 5


def test_a_note_whose_text_changed_is_refused(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(), tmp_path, quiet)
    changed = notes[0].model_copy(update={"text": notes[1].text})
    with pytest.raises(TeacherFolderError, match=f"{notes[0].id} has another text"):
        generate([changed], settings(), tmp_path, quiet)


def test_replies_without_a_manifest_are_refused(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(), tmp_path, quiet)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(TeacherFolderError, match=r"no manifest.json"):
        generate(notes, settings(), tmp_path, quiet)


def test_two_runs_in_one_folder_are_refused(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    with (
        TeacherFolder(tmp_path, settings()),
        pytest.raises(TeacherFolderError, match="another run is writing"),
    ):
        generate(notes, settings(), tmp_path, quiet)


def test_notes_go_to_no_host_that_was_not_allowed(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    with pytest.raises(HostRefusedError, match="allow_hosts"):
        generate(notes, settings(base_url="http://8.8.8.8/v1"), tmp_path / "run", quiet)
    assert not (tmp_path / "run").exists()


def test_progress_and_manifest_hold_no_text_of_a_note_and_no_key(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    said: list[str] = []
    generate(notes, settings(api_key="very-secret"), tmp_path, said.append)
    shown = "\n".join([*said, json.dumps((tmp_path / "manifest.json").read_text())])
    assert "3 notes done" in shown
    assert "very-secret" not in shown
    assert not any(line and line in shown for note in notes for line in note.text.split("\n\n"))


def test_only_the_owner_can_read_what_holds_notes(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(), tmp_path, quiet)
    for name in ("notes.jsonl", "replies.jsonl"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
