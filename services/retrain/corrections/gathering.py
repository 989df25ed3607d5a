"""The corrections on the FHIR server of the settings, with the questions as trials has them."""

from __future__ import annotations

from services.retrain.corrections.collect import Collected, collect
from shared.criteria.catalog import CatalogUnavailable, StudyCatalog
from shared.fhir.client import open_fhir
from shared.settings import Settings
from training.progress import Say


async def gather(settings: Settings, study: str | None, say: Say) -> Collected:
    """study: None for those of all. While trials is away the questions are taken as the
    Observations word them, and what only trials knows (the kind of a question that has no
    answer) is left out. Raises FhirError, NoteSourceError."""
    async with StudyCatalog(settings.trials_url) as catalog:
        try:
            questions = {one.key: one for one in await catalog.questions()}
        except CatalogUnavailable:
            say("corrections: the trials service does not answer; questions as they were reviewed")
            questions = {}
    async with open_fhir(settings) as fhir:
        return await collect(
            fhir,
            questions,
            study=study,
            opt_out_group=settings.opt_out_group,
            limit=settings.ingest_max_attachment_bytes,
        )
