"""Batch size and mixed precision."""
