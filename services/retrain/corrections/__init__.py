"""Reviewers' corrections on the FHIR server, as training and evaluation items."""
