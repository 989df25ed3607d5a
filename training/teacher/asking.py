"""One request after the other to an OpenAI-compatible server, until there is a reply with items
or it is given up."""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema

from training.dataset.records import ItemType
from training.notes.records import SourceNote
from training.teacher.errors import TeacherRefusedError, TeacherUnreachableError
from training.teacher.hosts import check_host
from training.teacher.pausing import pause, read_retry_after
from training.teacher.prompt import messages, reply_schema
from training.teacher.reading import items_of
from training.teacher.records import Failure, Reply
from training.teacher.settings import KEY_VARIABLE, TeacherSettings
from training.teacher.tolerant import sound

TOO_LONG = "note longer than the teacher's context"

_LOOK_SECONDS = 30.0  # for the list of models
_AGAIN = frozenset((408, 409, 425, 429))  # and every 5xx


@dataclass
class _Spent:
    attempts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class _Fault:
    """Why an attempt gave no reply. final: asking again will not help."""

    reason: str
    retry_after: float | None = None
    final: bool = False
    connection: bool = False


class Teacher:
    """`async with Teacher(settings) as teacher`. Raises HostRefusedError: notes may not go there.

    structured: whether the server takes a JSON Schema; None until it is known.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        check_host(settings.base_url, settings.allow_hosts, settings.send_phi_to_any_host)
        self._settings = settings
        self.structured = settings.structured
        self._deciding = asyncio.Lock()
        # At DEBUG, releases of the client have logged whole requests; these are patient data.
        logging.getLogger("openai").setLevel(logging.INFO)
        key = settings.api_key.get_secret_value() if settings.api_key else "none"
        # No redirects and, for private hosts, no proxies: a note goes to the host that was
        # checked and to no other.
        outside = bool(settings.allow_hosts) or settings.send_phi_to_any_host
        self._client = openai.AsyncOpenAI(
            base_url=settings.base_url,
            api_key=key,
            timeout=settings.timeout_seconds,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False, trust_env=outside, verify=ssl.create_default_context()
            ),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()

    async def check(self) -> None:
        """Raises TeacherUnreachableError, TeacherRefusedError: nobody is there, the key is wrong,
        or the model is not served. A server that lists no models passes."""
        settings = self._settings
        attempt = 1
        while (fault := await self._look()) is not None and attempt < settings.attempts:
            await self._pause(attempt, fault)
            attempt += 1
        if fault is None:
            return
        raise TeacherUnreachableError(
            f"teacher: nothing that answers at {settings.base_url} ({fault.reason}, "
            f"{settings.attempts} attempts). Start it, for instance: "
            f"vllm serve {settings.model} --port 8000; or set base_url"
        )

    async def ask(self, note: SourceNote, kind: ItemType) -> Reply | Failure:
        """Raises TeacherUnreachableError, TeacherRefusedError: no other note would fare better."""
        settings, spent = self._settings, _Spent()
        while True:
            spent.attempts += 1
            outcome = await self._attempt(note, kind, spent)
            if isinstance(outcome, Reply):
                return outcome
            if outcome.final or spent.attempts >= settings.attempts:
                break
            await self._pause(spent.attempts, outcome)
        if outcome.connection and await self._look() is not None:
            raise TeacherUnreachableError(
                f"teacher: {settings.base_url} no longer answers ({settings.attempts} attempts). "
                "All replies so far are kept: start it and run the same command again"
            )
        reason = outcome.reason
        return Failure(note_id=note.id, kind=kind, reason=reason, **vars(spent))

    async def _attempt(self, note: SourceNote, kind: ItemType, spent: _Spent) -> Reply | _Fault:
        try:
            completion = await self._complete(note, kind, spent.attempts)
        except openai.APITimeoutError:
            return _Fault(f"no reply within {self._settings.timeout_seconds:g} s")
        except openai.APIConnectionError:
            return _Fault("no connection", connection=True)
        except openai.APIStatusError as error:
            return self._refusal(error)
        except (openai.APIError, ValueError):
            return _Fault("answer that is not a chat completion")
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            return _Fault("answer that is not a chat completion")
        return self._read(completion, note, kind, spent)

    def _read(
        self, completion: ChatCompletion, note: SourceNote, kind: ItemType, spent: _Spent
    ) -> Reply | _Fault:
        if completion.usage:
            spent.prompt_tokens += completion.usage.prompt_tokens or 0
            spent.completion_tokens += completion.usage.completion_tokens or 0
        choice = completion.choices[0]
        text = sound((choice.message.content if choice.message else None) or "")
        finish = str(choice.finish_reason or "unknown")
        if finish == "content_filter":
            return _Fault("reply withheld by the server's content filter")
        if not items_of(text, kind)[0]:
            cut = finish == "length"
            return _Fault(f"reply {'cut off before' if cut else 'without'} a readable item")
        return Reply(note_id=note.id, kind=kind, text=text, finish_reason=finish, **vars(spent))

    async def _complete(self, note: SourceNote, kind: ItemType, attempt: int) -> ChatCompletion:
        if self.structured is not None:
            return await self._send(note, kind, attempt, self.structured)
        async with self._deciding:
            if self.structured is not None:
                return await self._send(note, kind, attempt, self.structured)
            try:
                completion = await self._send(note, kind, attempt, True)
                self.structured = True
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                # Either it does not take a schema or it does not take this note.
                completion = await self._send(note, kind, attempt, False)
                self.structured = False
            return completion

    async def _send(
        self, note: SourceNote, kind: ItemType, attempt: int, structured: bool
    ) -> ChatCompletion:
        settings = self._settings
        asked = messages(note.text, kind, settings.items, settings.prompt_version)
        form: ResponseFormatJSONSchema = {
            "type": "json_schema",
            "json_schema": {
                "name": kind.value,
                "schema": reply_schema(kind, settings.items),
                "strict": True,
            },
        }
        return await self._client.chat.completions.create(
            model=settings.model,
            messages=cast("list[ChatCompletionMessageParam]", asked),
            temperature=settings.sampling.temperature,
            top_p=settings.sampling.top_p,
            max_tokens=settings.sampling.max_tokens,
            seed=openai.omit if settings.seed is None else settings.seed + attempt - 1,
            response_format=form if structured else openai.omit,
        )

    async def _look(self) -> _Fault | None:
        try:
            page = await self._client.models.list(timeout=_LOOK_SECONDS)
        except openai.APITimeoutError:
            return _Fault(f"no reply within {_LOOK_SECONDS:g} s")
        except openai.APIConnectionError:
            return _Fault("no connection")
        except openai.NotFoundError:
            return None
        except openai.APIStatusError as error:
            fault = self._refusal(error)
            return None if fault.final else fault
        except (openai.APIError, ValueError):
            return _Fault("answer that is not a list of models")
        listed = [model.id for model in getattr(page, "data", None) or []]
        if listed and self._settings.model not in listed:
            raise TeacherRefusedError(
                f"teacher: {self._settings.base_url} does not serve {self._settings.model}; it "
                f"serves {', '.join(listed[:10])}. Set model to one of these, or start it with: "
                f"vllm serve {self._settings.model}"
            )
        return None

    def _refusal(self, error: openai.APIStatusError) -> _Fault:
        """Of the server's own words only known ones are passed on: it may repeat the note."""
        status, server = error.status_code, self._settings.base_url
        if status in (401, 403):
            raise TeacherRefusedError(
                f"teacher: {server} refuses the key (HTTP {status}). Set {KEY_VARIABLE}"
            )
        if status == 404:
            raise TeacherRefusedError(
                f"teacher: {server} has no chat completions for model {self._settings.model} "
                "(HTTP 404). Check base_url, which ends in /v1, and model"
            )
        if 300 <= status < 400:
            raise TeacherRefusedError(
                f"teacher: {server} sends requests elsewhere (HTTP {status}), which is not "
                "followed because notes are patient data. Set base_url to the final address"
            )
        reason = f"HTTP {status}"
        if status >= 500 or status in _AGAIN:
            header = error.response.headers.get("retry-after")
            return _Fault(reason, read_retry_after(header))
        if "context" in error.message and "length" in error.message:
            reason = TOO_LONG
        return _Fault(reason, final=True)

    async def _pause(self, attempt: int, fault: _Fault) -> None:
        settings = self._settings
        await asyncio.sleep(
            pause(
                attempt,
                settings.first_pause_seconds,
                settings.longest_pause_seconds,
                fault.retry_after,
            )
        )
