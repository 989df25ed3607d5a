"""A teacher that misbehaves: what is retried, what is given up, what ends the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from training.dataset import ItemType, TeacherNote
from training.notes.records import SourceNote
from training.teacher import (
    Manifest,
    Reply,
    TeacherRefusedError,
    TeacherSettings,
    TeacherUnreachableError,
    generate,
    read_items,
    read_manifest,
    read_replies,
)
from training.teacher.faults import Fault, FaultKind
from training.teacher.stand_in import StandIn, stand_in

Make = Callable[..., TeacherSettings]


def quiet(line: str) -> None:
    pass


def reply_of(folder: Path, kind: ItemType) -> Reply:
    return next(r for _, replies in read_replies(folder) for r in replies if r.kind is kind)


def reasons(manifest: Manifest) -> set[str]:
    return {failed.reason for failed in manifest.failed}


@pytest.mark.parametrize("fault", ["garbage", "empty", "filtered", "too-many", "error", "not-chat"])
def test_what_passes_is_asked_again_until_it_is_good(
    fault: str, notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    server.faults.replace(Fault(fault=FaultKind(fault), times=2, kind=ItemType.NUMERIC))
    manifest = generate(notes[:1], settings(), tmp_path, quiet)
    assert (manifest.done, manifest.failed, manifest.requests) == (1, (), 6)
    assert reply_of(tmp_path, ItemType.NUMERIC).attempts == 3


def test_a_server_that_says_when_to_come_back_is_taken_at_its_word(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    """At once here, where the pause of our own would be hours."""
    server.faults.replace(Fault(fault=FaultKind.TOO_MANY, times=2, seconds=0))
    hours = settings(first_pause_seconds=1e4, longest_pause_seconds=1e4)
    assert generate(notes[:1], hours, tmp_path, quiet).done == 1


def test_each_attempt_has_a_seed_of_its_own(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    server.faults.replace(Fault(fault=FaultKind.GARBAGE, times=2, kind=ItemType.NUMERIC))
    generate(notes[:1], settings(seed=40), tmp_path, quiet)
    seeds = [asked.seed for asked in server.asked if asked.kind is ItemType.NUMERIC]
    assert seeds == [40, 41, 42]


def test_the_tokens_of_attempts_in_vain_are_counted(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(), tmp_path / "good", quiet)
    server.faults.replace(Fault(fault=FaultKind.GARBAGE, times=1, kind=ItemType.NUMERIC))
    generate(notes[:1], settings(), tmp_path / "bad", quiet)
    good, bad = (reply_of(tmp_path / name, ItemType.NUMERIC) for name in ("good", "bad"))
    assert bad.prompt_tokens == 2 * good.prompt_tokens
    assert bad.completion_tokens > good.completion_tokens


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("garbage", "reply without a readable item"),
        ("empty", "reply without a readable item"),
        ("filtered", "reply withheld by the server's content filter"),
        ("too-many", "HTTP 429"),
        ("error", "HTTP 500"),
        ("not-chat", "answer that is not a chat completion"),
        ("too-long", "note longer than the teacher's context"),
    ],
)
def test_a_note_is_given_up_with_its_reason_and_the_others_go_on(
    fault: str,
    reason: str,
    notes: list[SourceNote],
    server: StandIn,
    settings: Make,
    tmp_path: Path,
) -> None:
    server.faults.replace(Fault(fault=FaultKind(fault), note_id=notes[1].id))
    manifest = generate(notes, settings(), tmp_path, quiet)
    assert (manifest.done, manifest.complete) == (2, True)
    assert {(f.note_id, f.kind) for f in manifest.failed} == {(notes[1].id, k) for k in ItemType}
    assert reasons(manifest) == {reason}


def test_a_server_that_is_too_slow_is_given_up(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    server.faults.replace(Fault(fault=FaultKind.DELAY, seconds=60, kind=ItemType.NUMERIC))
    manifest = generate(notes[:1], settings(timeout_seconds=0.3, attempts=2), tmp_path, quiet)
    assert [(f.kind, f.reason, f.attempts) for f in manifest.failed] == [
        (ItemType.NUMERIC, "no reply within 0.3 s", 2)
    ]


def test_what_was_given_up_is_asked_again_by_the_next_start(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    server.faults.replace(Fault(fault=FaultKind.ERROR, note_id=notes[1].id))
    assert len(generate(notes, settings(), tmp_path, quiet).failed) == 4
    server.faults.replace()
    before = len(server.asked)
    manifest = generate(notes, settings(), tmp_path, quiet)
    assert {asked.note_id for asked in server.asked[before:]} == {notes[1].id}
    assert (manifest.done, manifest.failed) == (3, ())
    assert manifest.requests == 8 + 4 * 3 + 4


def test_a_reply_cut_off_keeps_its_complete_items(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(), tmp_path / "whole", quiet)
    server.faults.replace(Fault(fault=FaultKind.CUT_OFF))
    manifest = generate(notes[:1], settings(), tmp_path / "cut", quiet)
    whole, _ = read_items(reply_of(tmp_path / "whole", ItemType.BOOLEAN))
    reply = reply_of(tmp_path / "cut", ItemType.BOOLEAN)
    items, dropped = read_items(reply)
    assert reply.finish_reason == "length"
    assert 0 < len(items) < len(whole)
    assert items == whole[: len(items)]
    assert dropped == {"item is not JSON or cut off": 1}
    assert manifest.requests == 4


def test_a_reply_cut_off_before_its_first_item_is_no_reply(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    """64 tokens of the stand-in do not hold an item."""
    manifest = generate(notes[:1], settings(sampling={"max_tokens": 64}), tmp_path, quiet)
    assert reasons(manifest) == {"reply cut off before a readable item"}


def test_items_in_prose_are_the_same_items(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(), tmp_path / "plain", quiet)
    server.faults.replace(Fault(fault=FaultKind.PROSE))
    generate(notes[:1], settings(), tmp_path / "prose", quiet)
    for kind in ItemType:
        plain, prose = (reply_of(tmp_path / name, kind) for name in ("plain", "prose"))
        assert plain.text != prose.text
        assert read_items(plain) == read_items(prose)


def test_a_server_without_schemas_is_found_out_once(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    server.faults.replace(Fault(fault=FaultKind.NO_SCHEMA))
    manifest = generate(notes, settings(), tmp_path, quiet)
    assert (manifest.done, manifest.structured) == (3, False)
    assert sum(asked.structured for asked in server.asked) == 1


def test_a_first_note_that_is_too_long_does_not_speak_against_schemas(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    server.faults.replace(Fault(fault=FaultKind.TOO_LONG, note_id=notes[0].id))
    manifest = generate(notes, settings(), tmp_path, quiet)
    assert (manifest.done, manifest.structured) == (2, True)


def test_schemas_can_be_left_out(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    generate(notes[:1], settings(structured=False), tmp_path, quiet)
    assert not any(asked.structured for asked in server.asked)


def test_a_server_that_serves_nothing_but_faults_ends_the_run(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    server.faults.replace(Fault(fault=FaultKind.ERROR))
    chosen = settings(failures_in_a_row=2, concurrency=1, attempts=1)
    with pytest.raises(TeacherUnreachableError, match=r"2 requests in a row .*HTTP 500"):
        generate(notes, chosen, tmp_path, quiet)
    assert len(server.asked) <= 3


def test_where_nobody_listens_the_run_says_how_to_start_a_server(
    notes: list[SourceNote], settings: Make, tmp_path: Path
) -> None:
    nowhere = settings(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(TeacherUnreachableError, match=r"no connection, 3 attempts.*vllm serve"):
        generate(notes, nowhere, tmp_path, quiet)


def test_a_server_that_goes_away_ends_the_run_and_no_note_is_blamed(
    notes: list[SourceNote], samples: list[TeacherNote], settings: Make, tmp_path: Path
) -> None:
    leaving = stand_in(samples)
    server = leaving.__enter__()

    def until_it_goes() -> Iterator[SourceNote]:
        yield notes[0]
        yield notes[1]  # taken when a request of the first is done
        leaving.__exit__(None, None, None)
        yield notes[2]

    chosen = settings(base_url=server.base_url, concurrency=1)
    with pytest.raises(TeacherUnreachableError, match=r"no longer answers.*same command again"):
        generate(until_it_goes(), chosen, tmp_path, quiet)
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert (manifest.failed, manifest.complete) == ((), False)
    assert manifest.done >= 1
    assert generate(notes, settings(), tmp_path, quiet).done == 3


def test_a_model_that_is_not_served_is_an_error_that_lists_those_that_are(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    with pytest.raises(TeacherRefusedError, match="it serves stand-in-sample-items"):
        generate(notes, settings(model="gpt-17"), tmp_path, quiet)
    assert server.asked == []


def test_a_redirect_is_not_followed(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    server.faults.replace(Fault(fault=FaultKind.ELSEWHERE))
    with pytest.raises(TeacherRefusedError, match="not followed because notes are patient data"):
        generate(notes, settings(), tmp_path, quiet)


def test_a_proxy_of_the_environment_sees_no_note(
    notes: list[SourceNote], settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert generate(notes[:1], settings(), tmp_path, quiet).done == 1


def test_errors_repeat_nothing_that_a_server_says(
    notes: list[SourceNote], server: StandIn, settings: Make, tmp_path: Path
) -> None:
    """A server may quote the request in its refusal."""
    unknown = SourceNote(id="N", patient_id="P", text="She smokes.")
    manifest = generate([unknown], settings(failures_in_a_row=100), tmp_path, quiet)
    assert reasons(manifest) == {"HTTP 400"}
