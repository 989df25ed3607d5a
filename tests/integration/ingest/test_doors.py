"""What a hospital may send, and what it hears when it sends something else."""

from __future__ import annotations

import base64

from .conftest import eventually


def push(ingest, resource, **more):
    return ingest.http.post("/fhir/DocumentReference", json=resource, **more)


def said(answer) -> str:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    return body["issue"][0]["diagnostics"]


def state(ingest, id="note-1"):
    return ingest.http.get(f"/notes/{id}").json().get("state")


def test_a_pushed_note_stands_on_the_fhir_server_before_it_is_queued(ingest, fhir, note):
    answer = push(ingest, note())
    assert (answer.status_code, answer.json()["result"]) == (201, "created")
    assert answer.headers["location"] == "/notes/note-1"
    eventually(lambda: state(ingest) == "queued")
    stored = fhir.http.get("/DocumentReference/note-1").json()
    assert ingest.http.get("/notes/note-1").json()["version"] == stored["meta"]["versionId"]


def test_the_same_note_pushed_twice_without_an_id_is_one_note(ingest, note):
    resource = note(id=None, identifier=[{"system": "urn:hospital", "value": "4711"}])
    first, second = push(ingest, resource), push(ingest, resource)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert second.json()["result"] == "unchanged"


def test_the_text_is_given_back_exactly(ingest, note):
    text = "Größe 1,80 m\r\n\tRR 120/80 \U0001f600\r"
    push(ingest, note(text))
    assert ingest.http.get("/notes/note-1/text").content.decode() == text
    push(ingest, note("changed"))
    assert ingest.http.get("/notes/note-1/text?sequence=1").content.decode() == text
    assert ingest.http.get("/notes/note-1/text").text == "changed"
    assert ingest.http.get("/notes/note-1/text?sequence=9").status_code == 404


def test_a_note_in_a_binary_of_the_server_is_read(ingest, fhir, note):
    data = base64.b64encode("µg".encode("latin-1")).decode()
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": data}
    fhir.http.put("/Binary/b1", json=binary).raise_for_status()
    for url in ("Binary/b1", f"{fhir.url}/Binary/b1"):
        attachment = {"contentType": "text/plain; charset=iso-8859-1", "url": url}
        assert push(ingest, note(content=[{"attachment": attachment}])).status_code < 300
        assert ingest.http.get("/notes/note-1/text").text == "µg"


def test_a_note_of_100_000_words_is_taken_in(ingest, note):
    text = "pain " * 100_000
    assert push(ingest, note(text)).status_code == 201
    assert ingest.http.get("/notes/note-1/text").text == text
    eventually(lambda: state(ingest) == "queued")


def test_an_attachment_just_above_the_limit_is_refused_with_413(ingest, note):
    assert push(ingest, note(b"x" * 2_000_001)).status_code == 413
    assert push(ingest, note(b"x" * 2_000_000)).status_code == 201


def test_a_put_must_name_the_id_of_the_resource(ingest, note):
    assert ingest.http.put("/fhir/DocumentReference/note-1", json=note()).status_code == 201
    answer = ingest.http.put("/fhir/DocumentReference/note-2", json=note())
    assert answer.status_code == 400
    assert "not the id of the resource" in said(answer)


def entry(resource, method="PUT"):
    url = f"DocumentReference/{resource['id']}" if method == "PUT" else "DocumentReference"
    return {"resource": resource, "request": {"method": method, "url": url}}


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_one_bad_entry_of_a_batch_does_not_hide_the_others(ingest, note):
    answer = ingest.http.post(
        "/fhir",
        json=bundle(
            "batch",
            entry(note(id="a")),
            entry(note(id="b", subject=None)),
            entry(note(id="c"), "POST"),
        ),
    )
    assert answer.status_code == 200
    responses = [one["response"] for one in answer.json()["entry"]]
    assert [one["status"][:3] for one in responses] == ["201", "422", "201"]
    issue = responses[1]["outcome"]["issue"][0]
    assert issue["expression"] == ["Bundle.entry[1].resource.subject"]
    assert responses[0]["location"] == "DocumentReference/a"
    assert [one["id"] for one in ingest.http.get("/notes").json()["notes"]] == ["a", "c"]


def test_a_transaction_is_taken_in_whole_or_not_at_all(ingest, note):
    good, bad = entry(note(id="a")), entry(note(id="b", subject=None))
    answer = ingest.http.post("/fhir", json=bundle("transaction", good, bad))
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource.subject"]
    assert ingest.http.get("/notes").json()["notes"] == []
    answer = ingest.http.post("/fhir", json=bundle("transaction", good, entry(note(id="b"))))
    assert answer.json()["type"] == "transaction-response"
    assert len(ingest.http.get("/notes").json()["notes"]) == 2


def test_the_same_note_twice_in_a_transaction_is_refused(ingest, note):
    twice = bundle("transaction", entry(note()), entry(note("other text")))
    assert "twice" in said(ingest.http.post("/fhir", json=twice))


def test_the_notes_of_a_message_are_taken_in_and_the_rest_is_context(ingest, note):
    patient = {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", "id": "p1"}}
    header = {"resource": {"resourceType": "MessageHeader", "id": "m"}}
    carried = {"resource": note(subject={"reference": "urn:uuid:p"})}
    answer = ingest.http.post("/fhir", json=bundle("message", header, patient, carried))
    assert [one["response"]["status"][:3] for one in answer.json()["entry"]] == [
        "200",
        "200",
        "201",
    ]
    assert ingest.http.get("/notes/note-1").json()["patient"] == "p1"


def test_notes_are_listed_page_by_page_by_state_and_patient(ingest, fhir, note):
    fhir.http.put("/Patient/p2", json={"resourceType": "Patient", "id": "p2"}).raise_for_status()
    for number in range(3):
        push(ingest, note(id=f"n{number}"))
    push(ingest, note(id="other", subject={"reference": "Patient/p2"}))
    page = ingest.http.get("/notes", params={"patient": "p1", "limit": 2}).json()
    assert [one["id"] for one in page["notes"]] == ["n0", "n1"]
    rest = ingest.http.get(page["next"]).json()
    assert ([one["id"] for one in rest["notes"]], rest["next"]) == (["n2"], None)
    eventually(lambda: ingest.http.get("/notes").json()["states"] == {"queued": 4})
    assert ingest.http.get("/notes?state=failed").json()["notes"] == []
