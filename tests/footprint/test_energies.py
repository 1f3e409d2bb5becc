import pytest

from suite.carbon.tables import read_table
from suite.errors import InputError
from suite.footprint.energies import (
    PublishedEnergy,
    own_energy,
    published_energy,
    published_variants,
    ratio_of,
    with_technique,
)
from suite.io.paths import CONF
from suite.plugins.conf_folders import options
from tests.footprint.points import cpu_point
from tests.synthetic import windows


@pytest.mark.parametrize(
    ("task", "variant", "wh"),
    [
        ("image_generation", "mean", 2.907),
        ("image_generation", "median", 1.35),
        ("image_generation", "sdxl_h100", 1.640),
        ("text_generation", "mean", 0.047),
        ("text_classification", "median", 0.0023),
    ],
)
def test_published_energies_are_those_of_their_sources(task, variant, wh):
    figure = published_energy(task, variant)
    assert figure.value == wh
    assert figure.tag == "published"
    assert variant in figure.source


def test_a_task_without_the_variant_has_its_mean_and_says_so():
    figure = published_energy("text_generation", "sdxl_h100")
    assert figure.value == 0.047
    assert figure.source.startswith("mean: ")


def test_a_published_text_generation_is_10_tokens_and_says_so():
    assert all("10 new tokens" in each.doubt for each in published_variants("text_generation"))


def test_the_published_tasks_are_called_as_ours():
    ours = set(options("task", [CONF]))
    assert {row.task for row in read_table("published_energies.csv", PublishedEnergy)} < ours


def test_an_unknown_variant_or_task_is_refused():
    with pytest.raises(InputError, match="mean, median"):
        published_energy("text_generation", "meen")
    with pytest.raises(InputError, match=r"did you mean text_generation\?"):
        published_energy("txt_generation", "mean")


@pytest.mark.parametrize("value", [-1.0, float("nan"), "much"])
def test_an_own_energy_that_cannot_be_is_refused(value):
    with pytest.raises(InputError, match="wh_per_query of text_generation"):
        own_energy("text_generation", value, 2026)


def test_a_technique_s_ratio_keeps_its_interval_and_the_verdict():
    ratio = ratio_of(cpu_point(run_windows=windows((0.4, 0.5, 0.6), baseline_j=3.6)))
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < ratio.value < ratio.high
    assert "verdict" in ratio.source


def test_published_energy_times_an_estimated_ratio_is_modelled_and_names_both():
    figure = with_technique(published_energy("text_generation", "mean"), ratio_of(cpu_point()))
    assert figure.value == pytest.approx(0.0235)  # 0.047 x 0.5
    assert figure.tag == "modelled"
    assert "published energy" in figure.source
    assert "estimated ratio" in figure.source
