"""How a model is executed: one file and one yaml each."""
