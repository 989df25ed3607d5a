import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.students.encoder.passages import (
    CHUNK,
    DOCUMENT_BUCKETS,
    WINDOW,
    choose_chunks,
    chunk_count,
    document_bucket,
    windows,
)


@given(st.integers(1, 5000))
def test_windows_keep_every_token_once_and_stay_within_their_size(length):
    kept = [t for w in windows(length) for t in range(w.keep_from, w.keep_to)]
    assert kept == list(range(length))
    assert all(w.begin <= w.keep_from and w.keep_to <= w.end for w in windows(length))
    assert all(w.end - w.begin <= WINDOW for w in windows(length))


@given(st.integers(1, 5000))
def test_buckets_rise_from_the_first_to_the_last_part_of_a_note(length):
    buckets = document_bucket(length)
    assert buckets[0] == 0
    assert buckets.max() < DOCUMENT_BUCKETS
    assert (np.diff(buckets) >= 0).all()


@given(st.integers(1, 800), st.integers(1, 5), st.randoms(use_true_random=False))
def test_chosen_chunks_hold_the_best_passage_in_the_order_of_the_note(length, passages, random):
    count = max(chunk_count(length) - 1, 1)
    scores = np.array([random.random() for _ in range(count)], np.float32)
    chunks = choose_chunks(scores, passages)
    assert int(scores.argmax()) in chunks
    assert (np.diff(chunks) > 0).all()
    assert len(chunks) <= 2 * passages


def test_a_passage_holds_any_evidence_of_up_to_one_chunk():
    for start in range(4 * CHUNK):
        first, last = start // CHUNK, (start + CHUNK - 1) // CHUNK
        assert last - first <= 1
