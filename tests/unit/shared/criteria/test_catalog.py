from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from shared.criteria.catalog import CatalogUnavailable, StudyCatalog
from shared.criteria.study import Study


class Trials:
    """The trials service as the catalog sees it."""

    def __init__(self, study: Study) -> None:
        self.study, self.etag, self.up = study, '"1"', True
        self.answered: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.up:
            raise httpx.ConnectError("down", request=request)
        assert (request.url.path, request.url.params["status"]) == ("/studies", "active")
        if request.headers.get("If-None-Match") == self.etag:
            self.answered.append(304)
            return httpx.Response(304)
        self.answered.append(200)
        content = f"[{self.study.model_dump_json(exclude_none=True)}]"
        return httpx.Response(200, content=content, headers={"ETag": self.etag})

    def catalog(self, lifetime: float) -> StudyCatalog:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return StudyCatalog("http://trials/", lifetime=lifetime, client=client)


@pytest.fixture
def trials(study_with: Callable[[str], Study]) -> Trials:
    return Trials(study_with("mi"))


async def test_studies_and_their_questions_are_those_of_trials(trials: Trials) -> None:
    async with trials.catalog(lifetime=60) as catalog:
        assert await catalog.studies() == (trials.study,)
        assert await catalog.questions() == trials.study.questions


async def test_a_fresh_list_is_not_asked_for_again(trials: Trials) -> None:
    async with trials.catalog(lifetime=60) as catalog:
        await catalog.studies()
        await catalog.studies()

    assert trials.answered == [200]


async def test_an_unchanged_list_is_not_sent_again_and_a_changed_one_is(trials: Trials) -> None:
    async with trials.catalog(lifetime=0) as catalog:
        await catalog.studies()
        await catalog.studies()
        trials.study, trials.etag = trials.study.model_copy(update={"version": 2}), '"2"'

        assert (await catalog.studies())[0].version == 2

    assert trials.answered == [200, 304, 200]


async def test_what_is_known_serves_while_trials_is_down(trials: Trials) -> None:
    async with trials.catalog(lifetime=0) as catalog:
        await catalog.studies()
        trials.up = False

        assert await catalog.studies() == (trials.study,)


async def test_without_any_list_the_error_says_what_to_start(trials: Trials) -> None:
    trials.up = False

    async with trials.catalog(lifetime=0) as catalog:
        with pytest.raises(CatalogUnavailable, match="start the trials service"):
            await catalog.studies()


async def test_an_answer_that_is_no_list_of_studies_is_not_taken() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>"))
    client = httpx.AsyncClient(transport=transport)

    async with StudyCatalog("http://trials", client=client) as catalog:
        with pytest.raises(CatalogUnavailable):
            await catalog.studies()
