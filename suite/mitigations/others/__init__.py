"""What is none of the interventions itself: the user's own checkpoint, and controls."""
