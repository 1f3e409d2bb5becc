"""Techniques that search for hyperparameters: one file each."""
