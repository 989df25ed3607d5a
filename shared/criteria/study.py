"""A study: its questions and its criteria (expressions over the questions).

YAML form (studies/apixaban-af.yaml):

    id: apixaban-af
    version: 1
    title: ...
    questions:
      - {id: mi, type: boolean, text: "Has the patient had a myocardial infarction?"}
      - {id: creatinine, type: numeric, unit: mg/dL, text: ..., codes: [...]}
    criteria:
      - id: creatinine
        kind: exclusion            # inclusion | exclusion | risk-factor
        text: Serum creatinine above 2.5 mg/dL
        when: creatinine > 2.5 mg/dL
      - id: pregnancy
        kind: exclusion
        when:
          all:
            - pregnant
            - not: male
            - not: age > 55 a
      - id: advanced-cad
        when: {at-least: 2, of: [mi, angina, ischemia, two-cad-drugs]}
      - id: recent-major-bleed
        when: {question: major-bleed, within: 6 months, combine: any, na: "No"}

Criteria of kind risk-factor hold as one: at least one of them must be true.
"""
