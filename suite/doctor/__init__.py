"""``python -m suite.doctor``: what this machine is, what it can measure and which techniques can run on it."""
