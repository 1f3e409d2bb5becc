"""A run's results as tables: written, read, kept beside the records."""
