"""Directories, hub ids and architectures to models."""
