"""Patients who take no part in research: the members of a Group on the FHIR server."""

from __future__ import annotations

import time

from shared.documents.problem import unavailable
from shared.documents.references import local_id
from shared.fhir.client import FhirClient, FhirError
from shared.telemetry import get_logger


class OptOut:
    """group: id of the Group; empty: nobody has opted out. Read again after `fresh` seconds."""

    def __init__(self, fhir: FhirClient, group: str, fresh: float = 30.0) -> None:
        self._fhir = fhir
        self._base = fhir.base_url
        self._group = group
        self._fresh = fresh
        self._members: frozenset[str] | None = None
        self._read_at = 0.0

    async def includes(self, patient_id: str | None) -> bool:
        """Raises Problem (503) if the Group could never be read: then nobody is screened."""
        try:
            return patient_id in await self.members()
        except FhirError as error:
            raise unavailable(
                f"The Group of patients who opted out cannot be read: {error}.",
                "See that the FHIR server answers and that CHARTSIFT_OPT_OUT_GROUP is the id of "
                "a Group on it; nothing was stored.",
            ) from None

    async def members(self) -> frozenset[str]:
        """Ids of the patients. While the Group cannot be read, those known before; raises
        FhirError if there are none."""
        if not self._group:
            return frozenset()
        if self._members is None or time.monotonic() - self._read_at > self._fresh:
            try:
                self._members = self._ids(await self._fhir.read("Group", self._group))
                self._read_at = time.monotonic()
            except FhirError:
                if self._members is None:
                    raise
                get_logger().warning("opt-out Group not read, the last one known counts")
        return self._members

    def _ids(self, group: dict[str, object]) -> frozenset[str]:
        members = group.get("member") or []
        assert isinstance(members, list)
        found = (
            local_id(member.get("entity", {}).get("reference") or "", "Patient", self._base)
            for member in members
            if not member.get("inactive", False)
        )
        return frozenset(id for id in found if id is not None)
