import csv
import io

import pytest

from suite.export.codecarbon_csv import emissions_csv
from tests.footprint.points import cpu_point, gpu_point, site

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def rows(points, place=None):
    return list(csv.DictReader(io.StringIO(emissions_csv(points, place or site()))))


def test_a_row_an_arm_in_kwh_kg_and_watts():
    baseline, candidate = rows([gpu_point()])
    # Two blocks of four windows: each arm runs 4 x 100 queries in 4 s, at 3.6 J and 1.8 J a query.
    assert float(baseline["gpu_energy"]) == pytest.approx(400 * 3.6 / 3.6e6)
    assert float(candidate["energy_consumed"]) == pytest.approx(400 * 1.8 / 3.6e6)
    assert float(candidate["emissions"]) == pytest.approx(2e-4 * 400 / 1000)
    assert float(candidate["emissions_rate"]) == pytest.approx(2e-4 * 400 / 1000 / 4)
    assert (float(candidate["duration"]), float(candidate["gpu_power"])) == (pytest.approx(4), pytest.approx(180))


def test_measured_and_estimated_joules_are_told_apart_and_never_added():
    _, candidate = rows([gpu_point()])
    assert candidate["project_name"] == "example (gpu measured, cpu estimated)"
    assert float(candidate["cpu_energy"]) == pytest.approx(400 * 0.4 / 3.6e6)
    assert candidate["energy_consumed"] == candidate["gpu_energy"]


def test_what_is_not_known_is_an_empty_cell():
    _, candidate = rows([cpu_point()])
    assert candidate["project_name"] == "example (cpu estimated)"
    empty = ("gpu_energy", "gpu_power", "ram_energy", "gpu_model", "gpu_count", "water_consumed", "longitude", "wue")
    assert {candidate[name] for name in empty} == {""}


def test_codecarbon_itself_goes_on_writing_into_the_file(tmp_path):
    from codecarbon.output_methods.emissions_data import EmissionsData
    from codecarbon.output_methods.file import FileOutput

    file = tmp_path / "emissions.csv"
    file.write_text(emissions_csv([gpu_point()], site()))
    ours = rows([gpu_point()])[1]
    own = EmissionsData(**dict.fromkeys(ours, "1") | {"run_id": ours["run_id"], "emissions": 7.0})
    FileOutput(file.name, str(tmp_path), on_csv_write="update").out(own, None)
    assert [path.name for path in tmp_path.iterdir()] == ["emissions.csv"]  # no other headers, so no back-up
    found = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["emissions"] for row in found if row["run_id"] == ours["run_id"]] == ["7.0"]
    assert len(found) == 2
