"""The models that are committed: their size, their cards, and that they score what the cards say."""

import re

import pytest

from suite.checkpoints.card_scores import scores_of
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.pretrained import load_pretrained
from suite.core.setup import Setup
from suite.io.paths import CHECKOUT
from suite.reference.__main__ import NAMES, load_task, reference_of


def card_scores(name):
    """Test scores by row of the card's table, this model's first."""
    text = (CHECKOUT / "models" / name / "README.md").read_text(encoding="utf-8")
    return [float(score) for score in re.findall(r"^\| .+ \| (\d\.\d{3}) \|$", text, re.MULTILINE)]


@pytest.mark.parametrize("name", NAMES)
def test_a_cards_front_matter_says_what_its_table_says(name):
    text = (CHECKOUT / "models" / name / "README.md").read_text(encoding="utf-8")
    metric = re.search(r"^\| \| (\w+) \|$", text, re.MULTILINE).group(1)
    rows = re.findall(r"^\| (.+) \| (\d\.\d{3}) \|$", text, re.MULTILINE)
    found = scores_of(CHECKOUT / "models" / name, metric)
    stated = [("**this model**", found.model), *found.baselines]
    assert [row for row in rows if not row[0].startswith("no model:")] == [
        (name, f"{score:.3f}") for name, score in stated
    ]


def test_all_models_together_take_at_most_25_mb():
    sizes = [path.stat().st_size for name in NAMES for path in (CHECKOUT / "models" / name).iterdir()]
    assert sum(sizes) <= 25e6


@pytest.mark.parametrize("name", ["vit_digits", "bert_languages", "unet_digits", "encoder_decoder_rows"])
def test_accuracy_is_far_above_the_most_frequent_label(name):
    this_model, trivial, *_ = card_scores(name)
    assert this_model > trivial + 0.5


@pytest.mark.parametrize("name", ["modernbert_source", "modernbert_similarity"])
def test_a_score_is_far_above_the_trivial_one_and_above_a_simple_one(name):
    this_model, trivial, simple = card_scores(name)
    assert this_model > trivial + 0.5
    assert this_model > simple + 0.03


def test_questions_are_read():
    this_model, *trivial, without_its_question = card_scores("modernbert_answers")
    assert this_model > max(*trivial, without_its_question) + 0.15


def test_bits_per_byte_are_far_below_every_baseline():
    this_model, *baselines = card_scores("llama_stdlib")
    assert len(baselines) == 3
    assert this_model < 0.8 * min(baselines)


def test_rouge_of_spans_is_far_above_the_dates_themselves():
    this_model, *baselines = card_scores("t5_dates")
    assert len(baselines) == 4
    assert this_model > max(baselines) + 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "items", "tolerance"),
    [
        ("vit_digits", 450, 0.003),
        ("bert_languages", 400, 0.06),
        ("llama_stdlib", 40, 0.2),
        ("modernbert_source", 60, 0.07),
        ("modernbert_answers", 400, 0.1),
        ("modernbert_similarity", 400, 0.1),
        ("unet_digits", 450, 0.005),
        ("encoder_decoder_rows", 450, 0.005),
        ("t5_dates", 100, 0.12),
        ("modernbert_stdlib", 300, 0.05),
    ],
)
def test_the_committed_weights_score_what_the_card_says(name, items, tolerance):
    # samples of the two larger test splits: four standard errors of a share of 400, and of 40 windows
    task = load_task(reference_of(name).task)
    spec = ModelSpec(
        name=name, path=str(CHECKOUT / "models" / name), revision=None, weights="pretrained", architecture=None
    )
    model, processor = load_pretrained(spec, task, device="cpu", dtype="float32", seed=0)
    setup = Setup(
        task=task,
        model=model,
        processor=processor,
        batch_size=32,
        dtype="float32",
        device="cpu",
        phase="inference",
    )
    examples = task.test()
    step = max(1, len(examples) // items)
    scores = task.score(setup, examples[::step])
    assert sum(scores) / len(scores) == pytest.approx(card_scores(name)[0], abs=tolerance)
