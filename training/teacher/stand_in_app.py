"""The HTTP side of the stand-in: /v1/models and /v1/chat/completions."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from training.dataset.records import ItemType, TeacherItem, TeacherNote
from training.teacher.faults import Fault, FaultKind, Faults
from training.teacher.prompt import framed

MODEL = "stand-in-sample-items"
MARK = {"X-Stand-In": "sample items, no model"}

_KIND = re.compile(r'"type": "(boolean|numeric|na-boolean|na-numeric)"')
_QUESTION = re.compile(r"^Question \([^)\n]*\): (.+)$", re.MULTILINE)
_CHARACTERS_A_TOKEN = 4
_REFUSALS = {
    FaultKind.TOO_MANY: (429, "too many requests"),
    FaultKind.ERROR: (500, "internal error"),
    FaultKind.NO_SCHEMA: (400, "response_format json_schema is not supported"),
    FaultKind.TOO_LONG: (400, "This model's maximum context length is 8192 tokens."),
}


@dataclass(frozen=True)
class Asked:
    """One request, as the stand-in understood it."""

    note_id: str | None
    kind: ItemType | None
    structured: bool
    seed: int | None
    temperature: float | None
    top_p: float | None
    max_tokens: int | None


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: str
    content: str


class ChatRequest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[_Message] = Field(min_length=1)
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = Field(None, ge=1)
    seed: int | None = None
    response_format: dict[str, JsonValue] | None = None


def stand_in_app(notes: Sequence[TeacherNote], faults: Faults, asked: list[Asked]) -> FastAPI:
    """asked: grows by one with each chat request."""
    app = FastAPI(title="Stand-in teacher", openapi_url=None)

    @app.get("/v1/models")
    def models() -> JSONResponse:
        entry = {"id": MODEL, "object": "model", "created": 0, "owned_by": "stand-in"}
        return JSONResponse({"object": "list", "data": [entry]}, headers=MARK)

    @app.post("/v1/chat/completions")
    async def chat(request: ChatRequest, http: Request) -> Response:
        if request.model != MODEL:
            return _refused(404, f"this is a stand-in; its only model is {MODEL}")
        prompt = "\n".join(message.content for message in request.messages)
        note = next((n for n in notes if framed(n.text) in prompt), None)
        named = _KIND.findall(prompt)
        kind = ItemType(named[-1]) if named else None
        structured = request.response_format is not None
        asked.append(
            Asked(
                note.id if note else None,
                kind,
                structured,
                request.seed,
                request.temperature,
                request.top_p,
                request.max_tokens,
            )
        )
        fault = faults.next(note.id if note else None, kind, structured)
        if fault and fault.fault is FaultKind.DELAY:
            await _held(http, fault.seconds)
        elif fault and (answer := _instead(fault)):
            return answer
        if note is None:
            return _refused(400, "this is a stand-in; it knows only the notes of its dataset")
        if kind:
            text = _items(note, kind)
        elif question := _QUESTION.search(prompt):
            text = _answer(note, question[1])
        else:
            return _refused(400, "this is a stand-in; it writes items and answers questions")
        return _completion(prompt, text, request.max_tokens, fault)

    @app.put("/stand-in/faults")
    def set_faults(chosen: list[Fault]) -> dict[str, int]:
        faults.replace(*chosen)
        return {"faults": len(chosen)}

    @app.get("/stand-in/asked")
    def list_asked() -> list[Asked]:
        return asked

    return app


def _items(note: TeacherNote, kind: ItemType) -> str:
    items = [item.model_dump(mode="json", exclude={"also"}) for item in note.items]
    wanted = [item for item in items if item["type"] == kind]
    return json.dumps({"items": wanted}, ensure_ascii=False, indent=1)


def _answer(note: TeacherNote, question: str) -> str:
    """As a student replies (`shared.students.decoder.prompt`): NA to what no item asks."""
    asked = " ".join(question.split()).casefold()

    def is_it(item: TeacherItem) -> bool:
        return any(" ".join(q.split()).casefold() == asked for q in (item.question, *item.also))

    found = next(filter(is_it, note.items), None)
    reply = {"answer": found.answer if found else "NA", "quote": found.quote if found else ""}
    return json.dumps(reply, ensure_ascii=False)


def _completion(prompt: str, text: str, max_tokens: int | None, fault: Fault | None) -> Response:
    finish = "stop"
    match fault.fault if fault else None:
        case FaultKind.GARBAGE:
            text = "I am sorry, I would rather talk about the weather: {it is, [fine"
        case FaultKind.EMPTY:
            text = ""
        case FaultKind.FILTERED:
            text, finish = "", "content_filter"
        case FaultKind.PROSE:
            loose = re.sub(r"(\n\s*[}\]])", r",\1", text)
            text = f"Certainly! Here they are:\n\n```json\n{loose}\n```\nShall I write more?"
        case FaultKind.CUT_OFF:
            text, finish = text[: len(text) * 2 // 3], "length"
    if max_tokens and len(text) > max_tokens * _CHARACTERS_A_TOKEN:
        text, finish = text[: max_tokens * _CHARACTERS_A_TOKEN], "length"
    used, wrote = (-(-len(part) // _CHARACTERS_A_TOKEN) for part in (prompt, text))
    return JSONResponse(
        {
            "id": f"stand-in-{uuid.uuid4()}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": finish,
                }
            ],
            "usage": {
                "prompt_tokens": used,
                "completion_tokens": wrote,
                "total_tokens": used + wrote,
            },
        },
        headers=MARK,
    )


def _instead(fault: Fault) -> Response | None:
    if fault.fault is FaultKind.NOT_CHAT:
        return Response("<html>Welcome</html>", media_type="text/html")
    if fault.fault is FaultKind.ELSEWHERE:
        return Response(status_code=307, headers={"Location": "http://elsewhere.example/v1"})
    if fault.fault not in _REFUSALS:
        return None
    status, message = _REFUSALS[fault.fault]
    return _refused(status, message, {"Retry-After": f"{fault.seconds:g}"} if status == 429 else {})


def _refused(status: int, message: str, headers: Mapping[str, str] = {}) -> JSONResponse:
    error = {"message": message, "type": "stand_in", "param": None, "code": None}
    return JSONResponse({"error": error}, status, headers={**MARK, **headers})


async def _held(http: Request, seconds: float) -> None:
    """For so long, or until nobody waits for the answer any more."""
    give_up = time.monotonic() + seconds
    while not await http.is_disconnected() and (left := give_up - time.monotonic()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(min(left, 0.05))
