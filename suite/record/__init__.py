"""The record of a point: its fields, its files, its hashes."""
