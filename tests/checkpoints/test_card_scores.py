import pytest

from suite.checkpoints.card_scores import CardScores, scores_of
from suite.errors import InputError

FRONT = """\
---
license: apache-2.0
{baselines}model-index:
- name: some
  results:
  - task: {{type: fill-mask}}
    dataset: {{type: embedded, name: some data}}
    metrics:
    - type: accuracy
      value: 0.25
---
# Some
"""
BASELINES = "baselines:\n- name: 'most frequent: the'\n  value: 0.125\n"


def card(folder, text):
    (folder / "README.md").write_text(text)
    return folder


def test_score_and_baselines_are_read(tmp_path):
    found = scores_of(card(tmp_path, FRONT.format(baselines=BASELINES)), "accuracy")
    assert found == CardScores(model=0.25, baselines=(("most frequent: the", 0.125),))


def test_a_score_in_another_metric_is_none(tmp_path):
    assert scores_of(card(tmp_path, FRONT.format(baselines=BASELINES)), "f1") is None


def test_a_card_may_have_no_baselines(tmp_path):
    assert scores_of(card(tmp_path, FRONT.format(baselines="")), "accuracy").baselines == ()


@pytest.mark.parametrize("text", ["# Some\n", "---\nlicense: mit\n---\n# Some\n"])
def test_a_card_that_states_no_score_has_none(text, tmp_path):
    assert scores_of(card(tmp_path, text), "accuracy") is None


def test_a_model_without_a_card_has_none(tmp_path):
    assert scores_of(tmp_path, "accuracy") is None


@pytest.mark.parametrize(
    "text",
    [
        "---\nlicense: [mit\n---\n",
        FRONT.format(baselines="baselines: [0.5]\n"),
        FRONT.format(baselines="baselines: [{name: a}]\n"),
    ],
)
def test_front_matter_that_cannot_be_read_is_bad_input(text, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        scores_of(card(tmp_path, text), "accuracy")
