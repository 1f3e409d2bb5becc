"""Hyperparameter tuning: how a model is trained, and how large it is, chosen by trial."""
