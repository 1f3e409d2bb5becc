"""Knowledge distillation: a smaller student learns from the model."""
