import dataclasses
import re

import pytest

from suite.footprint.exports.disclosure import disclosure
from tests.footprint.points import cpu_point, gpu_point, published, site
from tests.synthetic import binary_scores


def rows(text):
    """The table of figures: name to its other cells."""
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return {cells[1]: cells[2:6] for cells in (re.split(r" ?\| ?", line) for line in lines)}


def test_every_figure_stands_with_value_tag_year_and_source():
    found = rows(disclosure(gpu_point(), site(pue=1.25, onsite_l_per_kwh=published(0.3))))
    assert found["energy per query"][:3] == ["1.8 J per query", "measured", "2026"]
    assert found["energy ratio to the baseline"][0] == "0.5 [0.5, 0.5]"
    assert found["carbon of 1,000 queries"][:3] == ["0.25 g CO2e", "modelled", "2023"]
    assert found["water on site of 1,000 queries"][0] == "0.00015 L"
    assert found["one-off energy of the technique"][0] == "18 J"
    assert all(all(cells) for cells in found.values())


def test_what_was_estimated_is_listed_and_never_called_measured():
    text = disclosure(cpu_point(), site())
    assert rows(text)["energy per query"][1] == "estimated"
    assert "Estimated: energy per query" in text


def test_what_is_not_known_is_said_and_has_no_figure():
    text = disclosure(cpu_point(), site())
    assert not any("water" in name or "one-off" in name for name in rows(text))
    assert "Water on site: not stated" in text
    assert "Accuracy was not measured" in text
    assert "Repaid: not known" in text


def test_repayment_in_queries_and_days():
    text = disclosure(gpu_point(), site(), queries_per_day=5)
    assert "Repaid: after 10 [10, 10] queries, 2 [2, 2] days at 5 queries a day (modelled from measured" in text


def test_a_saving_that_may_be_none_shows_no_number_of_queries():
    text = disclosure(gpu_point(ratios=(0.7, 1.2, 0.8, 1.1)), site())
    assert "Repaid: not resolved: the saving may be none." in text


def test_the_score_stands_beside_the_energy():
    text = disclosure(gpu_point(scores=binary_scores(right=90, lost=2, won=4, wrong=4)), site())
    assert "Score (accuracy, measured 2026): 0.9400, baseline 0.9200, on 100 items; difference +0.0200 [" in text


@pytest.mark.parametrize(
    "words", ["## Boundary", "protocol quick", "git revision 0123456789", "codecarbon 3.3.2", "NVIDIA H100 80GB HBM3"]
)
def test_method_boundary_hardware_and_versions(words):
    assert words in disclosure(gpu_point(), site())


def test_a_pipe_in_a_source_does_not_break_the_table():
    text = disclosure(gpu_point(), dataclasses.replace(site(), pue=published(1.2, unit="a|b")))
    assert rows(text)["PUE"][0] == "1.2 a/b"


def test_a_training_point_counts_samples():
    text = disclosure(cpu_point(phase="training", workload="training_steps"), site())
    assert "carbon of 1,000 training samples" in rows(text)
