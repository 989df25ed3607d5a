"""Answers into FHIR: Observations, the eligibility that follows, the screening lists."""
