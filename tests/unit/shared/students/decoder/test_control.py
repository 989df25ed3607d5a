"""What a note may not bring into a prompt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.students.decoder.control import disarming

TOKENS = ["<|im_start|>", "<|im_end|>", "<|eot_id|>", "[INST]", "<s>"]
harmless = disarming(TOKENS)
pieces = st.lists(
    st.sampled_from([*TOKENS, "<", "|", "im_end", ">", "s", " ", "note"]), max_size=30
)


@given(pieces)
def test_no_control_token_is_left(parts: list[str]) -> None:
    assert not any(token in harmless("".join(parts)) for token in TOKENS)


@given(st.text())
def test_every_text_can_be_encoded_afterwards(text: str) -> None:
    harmless(text + "\ud800").encode()


def test_a_note_without_them_stays_as_it_is() -> None:
    text = "BP <120/80> | HR 76 [see chart]"
    assert harmless(text) == text


def test_a_model_without_control_tokens_needs_none() -> None:
    assert disarming(["", " ", "\n"])("<|im_end|>\n") == "<|im_end|>\n"
