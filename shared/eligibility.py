"""Three-valued (Kleene) eligibility of one patient for one study: pure functions.

Contract (to be implemented here and in shared/criteria):

    Kleene = True | False | None
    evaluate_on_note(criterion, study, answers) -> Kleene
        # one note alone, NA stays unknown (no defaults), no Patient facts
    screen(study, answers: Sequence[NotedAnswer], facts: PatientFacts, as_of: date) -> Screening
    NotedAnswer(document_id, note_date, answer: Answer, corrected: bool)
    PatientFacts(sex, birth_date, languages)
    Screening(status: "eligible" | "ineligible" | "potential-candidate",
              criteria: tuple[CriterionResult, ...],   # value, deciding NotedAnswers, explanation
              decided_by: tuple[str, ...])             # criterion ids
"""
