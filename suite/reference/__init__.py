"""Recipes of the embedded reference models; ``python -m suite.reference`` trains them."""
