import pytest
import yaml

from suite.errors import InputError
from suite.footprint.exports.dispatch import KINDS, export, options_of
from suite.footprint.subject import choose_point
from suite.io.paths import CHECKOUT
from tests.footprint.points import gpu_record, site
from tests.synthetic import publish_table, record, windows, write_run

PUBLISHED_RUN = CHECKOUT / "reports" / "embedded-xeon-2cpu"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    records = [gpu_record(), record(run_windows=windows((1.0, 1.0)), minute=1)]
    return write_run(tmp_path_factory.mktemp("runs") / "example", records)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_works_on_a_published_run(kind):
    chosen = {"mitigation": "distillation", "task": "image_classification"}
    text = export(kind, PUBLISHED_RUN, site=site(), **chosen)
    assert "distillation" in text
    assert "estimated" in text  # this run had no energy counter


def test_options_reach_the_export(run):
    text = export("sci", run, site=site(), mitigation="none", options={"embodied_kg": 1000, "lifetime_years": 4})
    assert "score" in yaml.safe_load(text)["software_carbon_intensity"]


def test_an_option_of_none_is_left_out(run):
    assert export("sci", run, site=site(), mitigation="none", options={"samples": None})


def test_an_option_of_another_kind_is_refused(run):
    with pytest.raises(InputError, match=r"export=sci has no such option.*samples.*it knows embodied_kg"):
        export("sci", run, site=site(), options={"samples": 3})


def test_an_unknown_kind_is_refused(run):
    with pytest.raises(InputError, match="give one of sci, model_card, disclosure"):
        export("poster", run, site=site())


def test_options_are_those_of_the_function():
    assert options_of("disclosure") == ["queries_per_day"]


def test_the_first_digits_name_a_point(run):
    point_id = gpu_record().point_id
    assert choose_point(run, g_co2e_per_kwh=1.0, point_id=point_id[:5]).point_id == point_id


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({}, r"2 points with energy fit.*name point_id=.* or "),
        (
            {"mitigation": "nf5"},
            r"no point with .*energy fits.*mitigation distillation, none; task image_classification",
        ),
    ],
)
def test_not_exactly_one_point_is_refused(run, choice, message):
    with pytest.raises(InputError, match=message):
        choose_point(run, g_co2e_per_kwh=1.0, **choice)


def test_a_folder_without_records_is_refused(tmp_path):
    with pytest.raises(InputError, match="no readable record in the run"):
        choose_point(tmp_path, g_co2e_per_kwh=1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_table_discloses_what_its_records_do(run, tmp_path, kind):
    published, choice = publish_table(run, tmp_path / run.name), {"mitigation": "distillation"}
    assert export(kind, published, site=site(), **choice) == export(kind, run, site=site(), **choice)


def test_a_table_of_another_analysis_is_named(run, tmp_path):
    said = []
    published = publish_table(run, tmp_path / run.name, analysis="another")
    assert export("sci", published, site=site(), mitigation="none", note=said.append)
    assert ["version of the analysis" in line for line in said] == [True]
