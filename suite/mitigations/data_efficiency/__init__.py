"""Data efficiency."""
