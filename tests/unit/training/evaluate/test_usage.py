"""Tokens and prices."""

from __future__ import annotations

import pytest

from training.evaluate.usage import Price, PriceError, Usage, read_price, usage_of


def test_a_price_is_for_a_million_tokens() -> None:
    assert Price(0.5, 2.0).of(Usage(2_000_000, 500_000)) == 2.0


def test_a_price_is_read_from_its_name_and_two_numbers() -> None:
    assert read_price("http://h/v1?a=b=0.1/0.4") == ("http://h/v1?a=b", Price(0.1, 0.4))


@pytest.mark.parametrize("text", ["", "x", "x=1", "x=1/", "x=a/b", "=1/2", "x=-1/2", "x=nan/1"])
def test_what_is_no_price_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(PriceError, match="looks like NAME="):
        read_price(text)


def test_an_engine_that_does_not_count_has_no_usage() -> None:
    assert usage_of(object()) is None
