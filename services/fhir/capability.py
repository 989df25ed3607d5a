"""The CapabilityStatement: what this server is, and what it is not."""

from __future__ import annotations

from typing import Any

from services.fhir.searchparams import PARAMETERS

Resource = dict[str, Any]

IS = (
    "The embedded FHIR R4 server of ChartSift, for laptops, tests and demonstrations. It stores "
    "resources in one SQLite file and validates structure, required value sets and invariants."
)
IS_NOT = (
    "It is not a hospital's FHIR server: no authentication or access control, no XML or RDF, no "
    "terminology service (only required bindings are checked), no profile validation, no "
    "referential integrity, no chained or _has search, no PATCH, no bulk export, one process. "
    "Decimals are kept as JSON numbers: the trailing zeros of 1.00 are lost. Unknown search "
    "parameters are ignored, named in an OperationOutcome entry and left out of the self link; "
    "Prefer: handling=strict refuses them. Conditions and Subscription criteria are always "
    "strict. Every update is a new version, also one that changes nothing. Subscriptions: "
    "rest-hook only; one that is requested is active at once; notifications are a hint, several "
    "changes of one resource can be one notification, and those not delivered when the server "
    "stops are lost: search by _lastUpdated for the truth."
)
_INTERACTIONS = (
    "read", "vread", "update", "delete", "history-instance", "history-type", "create",
    "search-type",
)  # fmt: skip


def capability_statement(base: str, started: str, version: str) -> Resource:
    """started: a FHIR dateTime. version: of the software."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": started,
        "kind": "instance",
        "software": {"name": "ChartSift embedded FHIR server", "version": version},
        "implementation": {"description": IS, "url": base},
        "description": f"{IS} {IS_NOT}",
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": IS_NOT,
                "security": {"description": "None: listen on the loopback interface only."},
                "resource": [_resource(kind) for kind in sorted(PARAMETERS)],
                "interaction": [
                    {"code": code} for code in ("transaction", "batch", "history-system")
                ],
                "searchParam": [
                    {"name": "_id", "type": "token"},
                    {"name": "_lastUpdated", "type": "date"},
                ],
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    params = PARAMETERS[kind].values()
    references = sorted(f"{kind}:{p.name}" for p in params if p.type == "reference")
    told: dict[str, Any] = {
        "type": kind,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-supported",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "logical", "local"],
        "searchRevInclude": sorted(_referrers(kind)),
        "searchParam": [{"name": p.name, "type": p.type.value} for p in params],
    }
    if references:
        told["searchInclude"] = references
    return told


def _referrers(kind: str) -> list[str]:
    return [
        f"{source}:{param.name}"
        for source, params in PARAMETERS.items()
        for param in params.values()
        if param.type == "reference" and param.target in ("", kind)
    ]
