"""What of a run counts as done."""

from __future__ import annotations

from pathlib import Path

from training.distill.markers import Markers


def test_a_step_is_done_for_the_inputs_it_was_done_for(tmp_path: Path) -> None:
    markers = Markers(tmp_path)
    markers.write("clean", {"subset": "all"}, {"items": 3})
    done = markers.done("clean", {"subset": "all"})
    assert done is not None
    assert done.result == {"items": 3}


def test_other_inputs_make_it_undone(tmp_path: Path) -> None:
    markers = Markers(tmp_path)
    markers.write("clean", {"subset": "all"}, {})
    assert markers.done("clean", {"subset": "boolean"}) is None


def test_a_write_that_was_killed_half_way_leaves_the_step_undone(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps/clean.partial").write_text('{"inputs": "')
    assert Markers(tmp_path).read("clean") is None
