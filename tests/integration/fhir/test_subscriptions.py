"""Rest-hook subscriptions of a server process, received by an HTTP server of the test."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any, NamedTuple

import httpx
import pytest

Resource = dict[str, Any]


class Notification(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Hook:
    """An endpoint. statuses: answers to give first; 200 afterwards."""

    def __init__(self) -> None:
        self.received: Queue[Notification] = Queue()
        self.statuses: Queue[int] = Queue()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                hook.received.put(Notification(self.command, self.path, headers, body))
                try:
                    self.send_response(hook.statuses.get_nowait())
                except Empty:
                    self.send_response(200)
                self.end_headers()

            do_PUT = do_POST

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def next(self) -> Notification:
        return self.received.get(timeout=15)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    opened = Hook()
    yield opened
    opened.close()


@pytest.fixture
def server(process: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=process.url, timeout=30) as client:
        yield client


def subscription(endpoint: str, **channel: Any) -> Resource:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "test",
        "criteria": "DocumentReference?status=current",
        "channel": {"type": "rest-hook", "endpoint": endpoint} | channel,
    }


def document(status: str = "current") -> Resource:
    return {
        "resourceType": "DocumentReference",
        "status": status,
        "content": [{"attachment": {"contentType": "text/plain", "data": "aGk="}}],
    }


def subscribe(server: httpx.Client, sent: Resource) -> Resource:
    answer = server.post("Subscription", json=sent)
    assert answer.status_code == 201, answer.text
    stored: Resource = answer.json()
    return stored


def wait_for_status(server: httpx.Client, id_: str, status: str) -> Resource:
    give_up = time.monotonic() + 15
    while time.monotonic() < give_up:
        current: Resource = server.get(f"Subscription/{id_}").json()
        if current["status"] == status:
            return current
        time.sleep(0.05)
    raise AssertionError(f"the subscription did not become {status}")


def test_a_requested_subscription_is_active_at_once(server: httpx.Client, hook: Hook) -> None:
    assert subscribe(server, subscription(hook.url))["status"] == "active"


def test_without_payload_an_empty_post_tells_of_a_match(server: httpx.Client, hook: Hook) -> None:
    subscribe(server, subscription(hook.url, header=["Authorization: Bearer abc"]))
    server.post("DocumentReference", json=document("superseded"))
    server.post("DocumentReference", json=document())
    told = hook.next()
    assert (told.method, told.path, told.body) == ("POST", "/hook", b"")
    assert told.headers["authorization"] == "Bearer abc"
    assert hook.received.empty()


def test_with_payload_the_resource_is_put(server: httpx.Client, hook: Hook) -> None:
    subscribe(server, subscription(hook.url, payload="application/fhir+json"))
    stored = server.post("DocumentReference", json=document()).json()
    told = hook.next()
    assert (told.method, told.path) == ("PUT", f"/hook/DocumentReference/{stored['id']}")
    assert told.headers["content-type"].startswith("application/fhir+json")
    assert json.loads(told.body) == stored


def test_a_failed_notification_is_sent_again(server: httpx.Client, hook: Hook) -> None:
    hook.statuses.put(503)
    made = subscribe(server, subscription(hook.url))
    server.post("DocumentReference", json=document())
    hook.next()
    hook.next()
    assert server.get(f"Subscription/{made['id']}").json()["status"] == "active"


def test_an_endpoint_that_stays_away_ends_in_error_and_can_be_asked_for_again(
    server: httpx.Client, hook: Hook
) -> None:
    for _ in range(3):
        hook.statuses.put(500)
    made = subscribe(server, subscription(hook.url))
    server.post("DocumentReference", json=document())
    ended = wait_for_status(server, made["id"], "error")
    assert "500" in ended["error"]
    again = ended | {"status": "requested"}
    renewed = server.put(f"Subscription/{made['id']}", json=again).json()
    assert renewed["status"] == "active"
    assert "error" not in renewed
    while not hook.received.empty():
        hook.received.get()
    server.post("DocumentReference", json=document())
    assert hook.next().method == "POST"


def test_a_transaction_that_fails_tells_nobody(server: httpx.Client, hook: Hook) -> None:
    subscribe(server, subscription(hook.url, payload="application/fhir+json"))
    create = {"method": "POST", "url": "DocumentReference"}
    entries = [
        {"resource": document(), "request": create},
        {"request": {"method": "GET", "url": "Patient/never-was"}},
    ]
    body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert server.post("", json=body).status_code == 404
    good = server.post("DocumentReference", json=document()).json()
    assert hook.next().path.endswith(good["id"])


def test_subscriptions_go_on_after_a_restart(
    server: httpx.Client, hook: Hook, process: Any
) -> None:
    subscribe(server, subscription(hook.url))
    process.kill()
    process.start()
    server.post("DocumentReference", json=document())
    assert hook.next().method == "POST"


def test_a_deleted_subscription_is_silent(server: httpx.Client, hook: Hook) -> None:
    silent = subscribe(server, subscription(f"{hook.url}/silent"))
    server.delete(f"Subscription/{silent['id']}")
    subscribe(server, subscription(f"{hook.url}/told"))
    server.post("DocumentReference", json=document())
    assert hook.next().path == "/hook/told"
    assert hook.received.empty()


@pytest.mark.parametrize(
    "change",
    [
        {"criteria": "DocumentReference?nonsense=1"},
        {"criteria": "Nonsense?status=current"},
        {"channel": {"type": "rest-hook", "endpoint": "file:///etc/passwd"}},
        {"channel": {"type": "rest-hook", "endpoint": "http://"}},
        {"channel": {"type": "rest-hook"}},
        {"channel": {"type": "websocket"}},
        {"channel": {"type": "rest-hook", "endpoint": "http://x", "payload": "text/csv"}},
        {"channel": {"type": "rest-hook", "endpoint": "http://x", "header": ["nonsense"]}},
    ],
)
async def test_what_cannot_be_delivered_is_refused(
    embedded: None, fhir: httpx.AsyncClient, change: Resource
) -> None:
    answer = await fhir.post("Subscription", json=subscription("http://x.test") | change)
    assert answer.status_code == 422
