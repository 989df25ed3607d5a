"""The training service: runs of `training.distill`, started by people, by schedule or as a job."""
