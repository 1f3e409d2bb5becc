"""Training inside techniques: the one loop, what recovers and what teaches a smaller model."""
