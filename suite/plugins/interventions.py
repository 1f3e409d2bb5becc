"""The twelve interventions said to lower energy, of which each technique is one way to do it."""

from __future__ import annotations

from suite.text.i18n import N_

INTERVENTIONS = {
    "pruning": N_("pruning"),
    "quantisation": N_("quantisation"),
    "distillation": N_("knowledge distillation"),
    "hyperparameter_tuning": N_("hyperparameter tuning"),
    "efficient_architectures": N_("efficient architectures"),
    "adaptive_computation": N_("adaptive computation"),
    "optimised_hardware": N_("optimised hardware"),
    "gradient_checkpointing": N_("gradient checkpointing"),
    "batch_and_precision": N_("batch size and mixed precision"),
    "data_efficiency": N_("data efficiency"),
    "federated_and_edge": N_("federated learning and edge computing"),
    "carbon_aware": N_("green AI and carbon-aware scheduling"),
}
"""Key to name. The key is also the folder of the intervention's techniques below ``suite/mitigations``."""
