"""Adaptive computation: as much work as a query needs, instead of the same for all."""
