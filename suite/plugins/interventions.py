"""The twelve interventions said to lower energy, of which each technique is one way to do it."""

from __future__ import annotations

INTERVENTIONS = {
    "pruning": "pruning",
    "quantisation": "quantisation",
    "distillation": "knowledge distillation",
    "hyperparameter_tuning": "hyperparameter tuning",
    "efficient_architectures": "efficient architectures",
    "adaptive_computation": "adaptive computation",
    "optimised_hardware": "optimised hardware",
    "gradient_checkpointing": "gradient checkpointing",
    "batch_and_precision": "batch size and mixed precision",
    "data_efficiency": "data efficiency",
    "federated_and_edge": "federated learning and edge computing",
    "carbon_aware": "green AI and carbon-aware scheduling",
}
"""Key to name. The key is also the folder of the intervention's techniques below ``suite/mitigations``."""
