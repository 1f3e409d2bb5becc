"""The card (README.md) of a reference model."""

from __future__ import annotations

import dataclasses
import platform
from importlib.metadata import version

from huggingface_hub import EvalResult, ModelCardData

from suite.checkpoints.card_scores import BASELINES
from suite.reference.spec import Reference

PACKAGES = ("torch", "transformers", "tokenizers", "scikit-learn", "babel")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """What training gave; scores are those of the stored float16 weights, run in float32 on a CPU.

    Attributes:
        parameters: of the model.
        sha256: of ``model.safetensors``.
        validation: mean score on the validation split.
        test: mean score on the test split.
        test_items: how many items that is.
        baselines: name and test score.
        ceilings: name and test score of what no model is expected to beat.
        figures: name and figure of what else is told.
        train_cpu_s: CPU time of training in seconds.
        seed: of weights and order.
    """

    parameters: int
    sha256: str
    validation: float
    test: float
    test_items: int
    baselines: list[tuple[str, float]]
    ceilings: list[tuple[str, float]]
    figures: list[tuple[str, str]]
    train_cpu_s: float
    seed: int


def card(reference: Reference, metric: str, result: Result) -> str:
    """Markdown behind front matter, with all scores in both."""
    rows = [("**this model**", result.test), *result.baselines, *result.ceilings]
    table = "\n".join(f"| {name} | {score:.3f} |" for name, score in rows)
    others = "".join(["\n", *(f"- {name}: {figure}\n" for name, figure in result.figures)]) if result.figures else ""
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    recipe = reference.recipe
    return f"""---
{front_matter(reference, metric, result)}
---
# {reference.title}

The embedded reference model of the task `{reference.task}`: {result.parameters:,} parameters. It exists to be measured;
it is too small to be of use. Retrain it with `python -m suite.reference {reference.name}`.

## Data
{reference.data}

## Recipe
AdamW, {recipe.steps:,} steps of {recipe.batch_size} samples, peak rate {recipe.learning_rate:g} after a linear warm-up
over {recipe.warmup_share:.0%} of the steps, cosine decay to zero, weight decay {recipe.weight_decay:g}, gradient norm
at most {recipe.clip_norm:g}, float32, seed {result.seed}. {reference.training}
The test split had no part in the choice of the recipe. It took {result.train_cpu_s:.0f} s of CPU time.

Trained with Python {platform.python_version()}, {versions}.

## Score
Mean {metric} on the {result.test_items:,} items of the test split, of the stored weights (float16, run in float32 on a
CPU). On the validation split it is {result.validation:.3f}.

| | {metric} |
|---|---|
{table}
{others}"""


def front_matter(reference: Reference, metric: str, result: Result) -> str:
    """The same scores for programs, to three digits as in the table; loading checks ``model_sha256`` on the weights."""
    evaluation = EvalResult(
        task_type=reference.tag,
        dataset_type="embedded",
        dataset_name=f"the embedded data of {reference.task}",
        dataset_split="test",
        metric_type=metric,
        metric_value=round(result.test, 3),
    )
    data = ModelCardData(
        license="apache-2.0",
        pipeline_tag=reference.tag,
        library_name="transformers",
        model_name=reference.name,
        eval_results=[evaluation],
        model_sha256=result.sha256,
    )
    data[BASELINES] = [{"name": name, "value": round(score, 3)} for name, score in result.baselines]
    return str(data.to_yaml())
