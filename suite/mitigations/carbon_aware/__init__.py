"""Green AI and carbon-aware scheduling: the same work at a lower cost in carbon."""
