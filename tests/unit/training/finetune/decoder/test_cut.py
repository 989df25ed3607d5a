"""The window of a long note, on tokens that are words."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from training.finetune.decoder.fitting import LEAST_WINDOW, cut


def words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


@given(
    before=st.integers(0, 300),
    after=st.integers(0, 300),
    quoted=st.integers(1, 80),
    room=st.integers(1, 400),
    place=st.floats(0, 1),
)
def test_a_window_holds_the_quote_and_no_more_tokens_than_there_is_room(
    before, after, quoted, room, place
):
    quote = " ".join(f"q{i}" for i in range(quoted))
    text = " ".join([*(f"a{i}" for i in range(before)), quote, *(f"b{i}" for i in range(after))])
    window = cut(text, words(text), quote, room, place)
    if room < max(quoted, LEAST_WINDOW):
        assert window is None
    else:
        assert window is not None and quote in window and window in text
        assert len(words(window)) <= room


@given(length=st.integers(1, 500), room=st.integers(LEAST_WINDOW, 400), place=st.floats(0, 1))
def test_without_a_quote_the_window_is_any_part_of_the_note(length, room, place):
    text = " ".join(f"w{i}" for i in range(length))
    window = cut(text, words(text), "", room, place)
    assert window is not None and window in text
    assert len(words(window)) <= room
