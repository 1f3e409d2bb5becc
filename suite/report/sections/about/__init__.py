"""Sections that say where figures come from, and how to read and repeat them."""
