"""Progress as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from sqlalchemy import Engine

from services.retrain import events, runs
from services.retrain.tables import UNDER_WAY

EVENT_STREAM = "text/event-stream"
_PAUSE = 0.5
_KEEP_ALIVE = 15.0  # seconds of silence after which proxies need a sign
_AT_ONCE = 200


async def stream(engine: Engine, run_id: str, after: int) -> AsyncIterator[str]:
    """`progress` events, whose ids are the numbers of the lines, and one `end` with the state."""
    spoke_at = time.monotonic()
    while True:
        # Read before the lines: a run says everything before it ends.
        row = await asyncio.to_thread(runs.read, engine, run_id)
        found = await asyncio.to_thread(events.after, engine, run_id, after, _AT_ONCE)
        for one in found:
            after = one.number
            said = json.dumps({"at": one.at.isoformat(), "line": one.line}, ensure_ascii=False)
            yield f"id: {one.number}\nevent: progress\ndata: {said}\n\n"
        if found:
            spoke_at = time.monotonic()
        if len(found) == _AT_ONCE:
            continue
        if row.state not in UNDER_WAY:
            end = json.dumps({"state": row.state, "reason": row.reason}, ensure_ascii=False)
            yield f"event: end\ndata: {end}\n\n"
            return
        if time.monotonic() - spoke_at > _KEEP_ALIVE:
            spoke_at = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(_PAUSE)
