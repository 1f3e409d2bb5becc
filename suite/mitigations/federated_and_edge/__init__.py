"""Federated learning and edge computing."""
