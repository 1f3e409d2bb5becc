"""torch_pruning: a transformer is made narrower throughout, by the library that finds which layers go together."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import nn

from suite.checkpoints.hub import first_line
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, libraries, mlps
from suite.toolkit.training.retraining import own_randomness, retrain

Algorithm = Literal["magnitude", "taylor", "lamp", "random"]
_CLASSES = {
    "magnitude": "GroupMagnitudeImportance",
    "taylor": "GroupTaylorImportance",
    "lamp": "LAMPImportance",
    "random": "RandomImportance",
}
_INPUTS = ("query", "key", "value", "q_proj", "k_proj", "v_proj", "q_lin", "k_lin", "v_lin")
_ROUNDING = 1e-9  # so that a whole number of channels is not rounded down to the one below


@dataclasses.dataclass(frozen=True, kw_only=True)
class TorchPruning(Mitigation):
    """Cuts a ``ratio`` of the channels of everything: hidden states, attention heads' channels, MLPs.

    Attributes:
        algorithm: what ranks channels: ``magnitude`` of weights, ``taylor`` (weight times gradient on training
            samples), ``lamp`` (magnitude in proportion to what is left of the layer), ``random``.
        ratio: of the channels, in (0, 1).
        multiple_of: the channels kept of an attention head are a multiple of it, at least 1.
        samples: of the train split, for the gradients of ``taylor``, at least 1.
        recovery: fields of ``suite.core.recipe.Recipe``: how the pruned model is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "pruning"
    source: ClassVar[str] = (
        "Fang et al. 2023, DepGraph: Towards Any Structural Pruning, arXiv:2301.12900; lamp from Lee et al. 2021, "
        "arXiv:2010.07611; the library is https://github.com/VainF/Torch-Pruning"
    )
    idea: ClassVar[str] = (
        "Layers that pass a channel on must lose it together. The library traces the model, groups such layers, ranks "
        "the channels of each group and cuts the weakest, also of hidden states and heads, which structured_pruning "
        "leaves alone."
    )
    effect: ClassVar[str] = (
        "Arithmetic falls with the square of the ratio, as every matrix gets narrower both ways: half the channels are "
        "about a quarter of the energy of large matrices, less of small ones. Works on any hardware; the recovery is "
        "part of the one-off cost."
    )
    accuracy: ClassVar[str] = "Falls fast with the ratio, since every layer loses channels; needs recovery."
    deviations: ClassVar[str] = (
        "Every group loses the same share, so that what is left is an ordinary Hugging Face model with a smaller "
        "hidden_size and intermediate_size; a model whose classes cannot be built in that size is refused."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"torch_pruning": "torch-pruning"},
        excluded_models=("AutoModelForCausalLM",),
        suits="encoders of equal blocks with separate query, key and value layers and one Linear layer as head",
        reasons={"excluded_models": "rotary positions pair the channels of a head, which the library does not know"},
    )
    kinds: ClassVar[tuple[str, ...]] = ("pruning", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    algorithm: Algorithm
    ratio: float
    multiple_of: int
    samples: int
    recovery: dict[str, Any]

    def __post_init__(self) -> None:
        if self.algorithm not in get_args(Algorithm):
            remedy = f"give one of {', '.join(get_args(Algorithm))}"
            raise InputError("torch_pruning.algorithm is unknown", got=self.algorithm, remedy=remedy)
        checks.open_share("torch_pruning.ratio", self.ratio)
        checks.count("torch_pruning.multiple_of", self.multiple_of, least=1)
        checks.count("torch_pruning.samples", self.samples, least=1)
        checks.recipe("torch_pruning.recovery", self.recovery)

    def apply(self, setup: Setup) -> Setup:
        """Prunes a copy, builds an ordinary model of that size with its weights, and trains it on the train split."""
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        layers.convert_float(model, torch.float32)
        parts, head = mlps.mlps_of(model), _head_of(model)
        ratio = self._ratio_of(model)
        with own_randomness(setup), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # which parameters belong to no layer, one line each
            self._prune(setup.replace(model=model, dtype="float32", contexts=()), ratio, head)
            config: Any = copy.deepcopy(model.config)
            config.hidden_size = int(layers.matrix(head).shape[1])
            setattr(config, mlps.mlp_size(model)[0], int(layers.matrix(parts[0].down).shape[1]))
            made = setup.replace(model=_ordinary(model, config))
        layers.convert_float(made.model, setup.torch_dtype)
        recipe = checks.recipe("torch_pruning.recovery", self.recovery)
        if recipe.steps and not setup.random_weights:
            retrain(made, recipe=recipe, loss=setup.task.loss)
        return made

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters, hidden and MLP channels, before and after."""
        models: list[Any] = [layers.module_of(setup) for setup in (before, after)]
        hidden, channels = [each.config.hidden_size for each in models], [mlps.mlp_size(each)[1] for each in models]
        seen = effect.changes(before, after) | {
            "hidden_channels": {"before": hidden[0], "after": hidden[1]},
            "mlp_channels": {"before": channels[0], "after": channels[1]},
            "recovery_steps": 0 if after.random_weights else self.recovery["steps"],
        }
        changed = seen["after"]["parameters"] < seen["before"]["parameters"]
        return effect.require(changed, "the model has as many parameters as before", seen)

    def _ratio_of(self, model: Any) -> float:
        """The ratio that leaves a whole multiple of channels of each attention head, slightly less."""
        hidden, heads = (getattr(model.config, name, None) for name in ("hidden_size", "num_attention_heads"))
        if not isinstance(hidden, int) or not isinstance(heads, int) or hidden % heads:
            raise NotApplicable("the config names no one hidden_size and number of attention heads")
        channels = hidden // heads
        kept = max(1, round(channels * (1 - self.ratio) / self.multiple_of)) * self.multiple_of
        if kept >= channels:
            raise NotApplicable(
                f"a ratio of {self.ratio} drops none of {channels} channels of a head in steps of {self.multiple_of}"
            )
        return 1 - kept / channels - _ROUNDING

    def _prune(self, setup: Setup, ratio: float, head: nn.Module) -> None:
        """Cuts the setup's model in place."""
        library, model = libraries.load("torch_pruning"), layers.module_of(setup)
        config: Any = model.config
        heads = dict.fromkeys(_attention_inputs(model), config.num_attention_heads)
        pruner = library.pruner.BasePruner(
            model,
            dict(effect.probe_batch(setup)),
            importance=getattr(library.importance, _CLASSES[self.algorithm])(),
            pruning_ratio=ratio,
            ignored_layers=[head],
            in_channel_groups={},  # the library's defaults are shared by all pruners
            out_channel_groups={},
            channel_groups={},
            num_heads=heads,
            forward_fn=lambda traced, batch: traced(**batch).logits,
        )
        if self.algorithm == "taylor":
            self._take_gradients(setup)
        pruner.step()
        model.zero_grad(set_to_none=True)

    def _take_gradients(self, setup: Setup) -> None:
        examples = setup.task.train()[: self.samples]
        for start in range(0, len(examples), setup.batch_size):
            batch = setup.task.training_batch(setup, examples[start : start + setup.batch_size])
            setup.task.loss(setup.model, batch).backward()


def _head_of(model: nn.Module) -> nn.Module:
    """The one layer that gives the answer, which loses no output."""
    found = [model.get_submodule(name) for name in layers.heads(model)]
    linear = [part for part in found if isinstance(part, nn.Linear)]
    if len(linear) != 1:
        raise NotApplicable(f"{type(model).__name__} has no one Linear layer as its head")
    return linear[0]


def _attention_inputs(model: nn.Module) -> list[nn.Linear]:
    named = [(name.rpartition(".")[2], part) for name, part in model.named_modules()]
    found = [part for name, part in named if name in _INPUTS and isinstance(part, nn.Linear)]
    if not found:
        raise NotApplicable(f"the attention of {type(model).__name__} was not recognised ({', '.join(_INPUTS)})")
    return found


def _ordinary(model: nn.Module, config: Any) -> nn.Module:
    """A model of the same class built from ``config``, with the weights of the pruned ``model``.

    Raises:
        NotApplicable: it has parts of other sizes, so that a saved copy would not load again.
    """
    try:
        made: nn.Module = type(model)(config)
        made.load_state_dict(model.state_dict())
    except (RuntimeError, ValueError) as error:
        what = f"what is left of {type(model).__name__} is no model of its class in another size"
        raise NotApplicable(f"{what}: {first_line(error)}") from error
    return made.to(next(model.parameters()).device).eval()
