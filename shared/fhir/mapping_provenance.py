"""Who wrote, from what: Device (the student) and Provenance (one for each transaction)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.fhir import ids, systems
from shared.fhir.client import Resource
from shared.fhir.mapping import AI_ASSERTED, fhir_time

ELIGIBILITY_RULES = "eligibility-rules"  # the Device of what no student decided


def device(student: str) -> Resource:
    """student: its exact version, which is never used again for another one."""
    return {
        "resourceType": "Device",
        "id": ids.device_id(student),
        "identifier": [{"system": systems.STUDENT_IDENTIFIER, "value": student}],
        "status": "active",
        "manufacturer": "ChartSift",
        "deviceName": [{"name": f"ChartSift {student}", "type": "model-name"}],
        "version": [{"value": student}],
    }


def provenance(
    transaction: str,
    targets: Sequence[str],
    student: str,
    source: str | None,
    recorded: datetime,
) -> Resource:
    """transaction: what identifies it for its writer. targets: references to what it wrote.
    source: reference to the version of the note (or of the correction) that it was made from."""
    resource: Resource = {
        "resourceType": "Provenance",
        "id": ids.provenance_id(transaction),
        "meta": {"security": [AI_ASSERTED]},
        "target": [{"reference": target} for target in targets],
        "recorded": fhir_time(recorded),
        "agent": [
            {
                "type": {
                    "coding": [{"system": systems.PROVENANCE_PARTICIPANT, "code": "assembler"}]
                },
                "who": {"reference": f"Device/{ids.device_id(student)}"},
            }
        ],
    }
    if source:
        resource["entity"] = [{"role": "source", "what": {"reference": source}}]
    return resource
