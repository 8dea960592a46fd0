"""The background inference engine: jobs in, progress and partial results out."""
