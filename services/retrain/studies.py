"""Whether there is such a study."""

from __future__ import annotations

from shared.criteria.catalog import CatalogUnavailable, StudyCatalog


class UnknownStudy(LookupError):
    """Trials has no active study of this id."""


async def refuse_unknown(catalog: StudyCatalog, study: str) -> None:
    """Raises UnknownStudy. While trials is away any id is taken."""
    try:
        known = {one.id for one in await catalog.studies()}
    except CatalogUnavailable:
        return
    if study not in known:
        raise UnknownStudy(
            f"there is no active study {study!r}; there are: {', '.join(sorted(known)) or 'none'}"
        )
