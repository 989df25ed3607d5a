"""How well a student answers: beside a key, beside baselines, with intervals."""
