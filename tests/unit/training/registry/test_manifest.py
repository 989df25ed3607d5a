from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.students.version import student_version
from training.registry.manifest import Manifest, is_version, manifest_of


def test_the_version_is_that_of_the_folder_and_the_card_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "student.json").write_text(json.dumps({"engine": "tiny"}))
    (tmp_path / "README.md").write_text("card")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "weights").write_bytes(b"\0")
    manifest = manifest_of(tmp_path, "tiny")
    assert manifest.version == student_version(tmp_path)
    assert set(manifest.files) == {"student.json", "part/weights"}


@pytest.mark.parametrize("name", ["/etc/passwd", "../other", "a/../../b", "", ".complete", "a\\b"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Manifest(engine="tiny", files={name: "0" * 64})


@pytest.mark.parametrize(
    ("text", "safe"),
    [("encoder-0123456789ab", True), ("../x-0123456789ab", False), ("encoder-0123", False)],
)
def test_only_what_looks_like_a_version_names_a_folder(text: str, safe: bool) -> None:
    assert is_version(text) is safe
