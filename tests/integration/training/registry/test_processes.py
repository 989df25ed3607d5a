"""Several processes at one registry, and one that is killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from training.registry import Kind, Registry

NewStudent = Callable[[str], Path]
ROOT = Path(__file__).parents[4]

PROMOTE = """
import sys
from training.registry import PromotionConflict, Registry
url, version, how = sys.argv[1:]
registry = Registry(url)
verify = registry.verify
def together(version):
    verify(version)
    print("ready", flush=True)
    sys.stdin.readline()  # all of them have looked, none has written
registry.verify = together
try:
    registry.promote(version, None) if how == "promote" else registry.roll_back()
except PromotionConflict as error:
    print("conflict:", error)
else:
    print("done")
"""

ADD_AND_HANG = """
import sys, time
from pathlib import Path
from training.registry import Registry
from training.registry.storage import Storage
put = Storage.put
def first_file_only(self, source, name):
    put(self, source, name)
    print("half-way", flush=True)
    time.sleep(600)
Storage.put = first_file_only
Registry(sys.argv[1]).add(Path(sys.argv[2]))
"""

ADD = """
import sys
from pathlib import Path
from training.registry import Registry
sys.stdin.readline()
for folder in sys.argv[2:]:
    Registry(sys.argv[1]).add(Path(folder))
print("done")
"""


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def raced(processes: list[subprocess.Popen[str]]) -> list[str]:
    """The last words of processes that each said that they are ready."""
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0].strip() for process in processes]


def test_of_promotions_at_the_same_time_exactly_one_wins(
    url: str, registry: Registry, new_student: NewStudent
) -> None:
    if url.startswith("memory:"):
        pytest.skip("the memory of one process")
    first, *others = [registry.add(new_student(name)) for name in "abcd"]
    registry.promote(first, None)
    said = raced([started(PROMOTE, url, version, "promote") for version in others])
    winner = others[said.index("done")]
    losers = [line for line in said if line != "done"]
    assert registry.in_service() == winner
    assert len(losers) == 2
    assert all(f"{winner} came into service meanwhile, in the place of" in one for one in losers)
    promotions = [event for event in registry.history() if event.kind is Kind.PROMOTED]
    assert [event.version for event in promotions] == [first, winner]


def test_of_two_roll_backs_at_the_same_time_only_one_goes_back(
    tmp_path: Path, new_student: NewStudent
) -> None:
    url = str(tmp_path / "registry")
    registry = Registry(url)
    versions = [registry.add(new_student(name)) for name in "abc"]
    for version in versions:
        registry.promote(version, None)
    said = raced([started(PROMOTE, url, "-", "roll-back") for _ in range(2)])
    assert sorted(line.partition(":")[0] for line in said) == ["conflict", "done"]
    assert registry.in_service() == versions[1]


def test_students_added_at_the_same_time_are_all_there(
    tmp_path: Path, new_student: NewStudent
) -> None:
    url = str(tmp_path / "registry")
    folders = [str(new_student(name)) for name in "abcd"]
    processes = [started(ADD, url, *folders) for _ in range(4)]
    for process in processes:
        process.communicate("go\n", timeout=60)
    registry = Registry(url)
    assert len(registry.history()) == len(registry.entries()) == 4
    for listed in registry.entries():
        registry.verify(listed.version)


def test_an_upload_that_was_killed_counts_for_nothing_and_can_be_repeated(
    tmp_path: Path, new_student: NewStudent
) -> None:
    url, folder = str(tmp_path / "registry"), new_student("a")
    process = started(ADD_AND_HANG, url, str(folder))
    assert process.stdout is not None and process.stdout.readline() == "half-way\n"
    process.kill()
    process.communicate()
    registry = Registry(url)
    assert len(list((tmp_path / "registry" / "students").iterdir())) == 1
    assert (registry.entries(), registry.history()) == ([], [])
    version = registry.add(folder)
    registry.verify(version)
