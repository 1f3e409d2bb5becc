import pytest

from suite.errors import InputError
from suite.footprint.energies import (
    baseline_energy,
    own_energy,
    point_for,
    published_energy,
    published_variants,
    ratio_of,
    run_points,
    with_technique,
)
from tests.footprint.points import cpu_point
from tests.synthetic import publish_table, record, windows, write_run


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


def test_an_unknown_variant_or_task_is_refused():
    with pytest.raises(InputError, match="mean, median"):
        published_energy("text_generation", "meen")
    with pytest.raises(InputError, match=r"did you mean text_generation\?"):
        published_energy("txt_generation", "mean")


@pytest.mark.parametrize("value", [-1.0, float("nan"), "much"])
def test_an_own_energy_that_cannot_be_is_refused(value):
    with pytest.raises(InputError, match="wh_per_query of text_generation"):
        own_energy("text_generation", value, 2026)


def test_joules_of_a_run_become_watt_hours():
    figure = baseline_energy(cpu_point())
    assert figure.value == pytest.approx(0.001)  # 3.6 J
    assert (figure.tag, figure.year) == ("estimated", 2026)


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


@pytest.fixture
def points(tmp_path):
    made = [
        record(
            task="text_generation", mitigations=use, batch_size=size, run_windows=windows((0.8, 0.82)), minute=minute
        )
        for minute, (use, size) in enumerate([((), 8), ((("nf4", {}),), 8), ((("nf4", {}),), 32)])
    ]
    made.append(record(task="text_generation", phase="training", run_windows=windows((0.8, 0.82)), minute=9))
    return run_points(write_run(tmp_path / "run", made)).points


def test_training_is_no_use(points):
    assert {point.phase for point in points} == {"inference"}


def test_the_one_point_that_fits_is_taken(points):
    point = point_for(points, "text_generation", "none", [])
    assert point is not None
    assert point.mitigation == "none"


def test_what_the_run_does_not_hold_is_none(points):
    assert point_for(points, "image_generation", "none", []) is None
    assert point_for(points, "text_generation", "fp16", []) is None


def test_several_points_are_told_apart_by_their_ids(points):
    both = [point for point in points if point.mitigation == "nf4"]
    with pytest.raises(InputError, match=f"point_ids=.*{both[0].point_id}"):
        point_for(points, "text_generation", "nf4", [])
    assert point_for(points, "text_generation", "nf4", [both[1].point_id[:8]]) == both[1]


def test_a_run_without_energy_is_refused(tmp_path):
    folder = write_run(tmp_path / "run", [record(status="skipped")])
    with pytest.raises(InputError, match="no energy of a query"):
        run_points(folder)
    with pytest.raises(InputError, match="no such run"):
        run_points(tmp_path / "nowhere")


def test_a_published_table_says_what_its_records_do(tmp_path):
    folder = write_run(tmp_path / "run", [record(task="text_generation", run_windows=windows((0.8, 0.82)))])
    from_records = run_points(folder)
    found = run_points(publish_table(folder, tmp_path / "report"))
    assert [(baseline_energy(each), ratio_of(each)) for each in found.points] == [
        (baseline_energy(each), ratio_of(each)) for each in from_records.points
    ]
