"""Whether an item's quote is what the note says."""

from __future__ import annotations

from shared.grounding import How, locate
from training.dataset.cleaning import CleaningSettings, Reason
from training.dataset.records import ItemType, TeacherItem

ANSWERABLE = (ItemType.BOOLEAN, ItemType.NUMERIC)


def with_real_quote(
    item: TeacherItem, text: str, settings: CleaningSettings
) -> TeacherItem | Reason:
    """The item with its quote as it stands in `text`, or why it cannot stay."""
    quote = item.quote.strip()
    if item.type not in ANSWERABLE:
        return item.model_copy(update={"quote": ""}) if not quote else Reason.NA_WITH_QUOTE
    if not quote:
        return Reason.NO_QUOTE
    span = locate(text, quote)
    if span is None or (span.how is How.ROUGH and not settings.rough_quotes):
        return Reason.QUOTE_NOT_FOUND
    real = span.of(text)
    if len(real.split()) > settings.most_quote_words:
        return Reason.QUOTE_TOO_LONG
    return item.model_copy(update={"quote": real})
