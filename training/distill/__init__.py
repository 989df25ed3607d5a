"""One run of the pipeline: notes, teacher, dataset, student, evaluation, registry, promotion."""
