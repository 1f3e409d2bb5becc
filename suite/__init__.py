"""Measures which efficiency technique saves how much energy per query, and what it costs in accuracy."""

__version__ = "0.1.0"
