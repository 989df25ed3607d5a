"""Every system, extension and profile URL in one place."""

from __future__ import annotations

BASE = "https://chartsift.org/fhir"

# ChartSift's own code systems.
QUESTIONS = f"{BASE}/CodeSystem/question"  # code: Question.key
SUMMARIES = f"{BASE}/CodeSystem/eligibility-summary"  # code: the study's id
CRITERIA = f"{BASE}/CodeSystem/criterion"  # code: study/criterion id
CRITERION_STATUS = f"{BASE}/CodeSystem/criterion-status"  # met | not-met | unknown
ANSWER_STATUS = f"{BASE}/CodeSystem/answer-status"  # needs-review
SCREENING_FLAGS = f"{BASE}/CodeSystem/screening-flag"  # dropped-out

# ChartSift's own identifier systems.
OBSERVATION_IDENTIFIER = f"{BASE}/identifier/observation"
SUMMARY_IDENTIFIER = f"{BASE}/identifier/summary"
RESEARCH_SUBJECT_IDENTIFIER = f"{BASE}/identifier/research-subject"
SCREENING_LIST_IDENTIFIER = f"{BASE}/identifier/screening-list"
STUDY_IDENTIFIER = f"{BASE}/identifier/study"
GROUP_IDENTIFIER = f"{BASE}/identifier/group"
STUDENT_IDENTIFIER = f"{BASE}/identifier/student"
DOCUMENT_IDENTIFIER = f"{BASE}/identifier/document"

# ChartSift's own extensions.
SUMMARY_EXTENSION = f"{BASE}/StructureDefinition/eligibility-summary"  # Reference(Observation)
DECIDING_EXTENSION = f"{BASE}/StructureDefinition/deciding-criterion"  # boolean
DATE_SOURCE_EXTENSION = f"{BASE}/StructureDefinition/date-source"  # code: creation | received
CONFIDENCE_EXTENSION = f"{BASE}/StructureDefinition/confidence"  # decimal, 0 to 1

# HL7 extensions.
DERIVATION_REFERENCE = "http://hl7.org/fhir/StructureDefinition/derivation-reference"
WORKFLOW_RESEARCH_STUDY = "http://hl7.org/fhir/StructureDefinition/workflow-researchStudy"

# HL7 and public terminology.
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
PROVENANCE_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
RESEARCH_SUBJECT_STATUS = "http://hl7.org/fhir/research-subject-status"
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"  # AIAST
# R4's own copy of that code system (2018-08-12) does not have AIAST yet.
OBSERVATION_VALUE_VERSION = "4.0.0"
