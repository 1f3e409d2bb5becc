import csv
import io

import pytest

from suite.export.ai_energy_score import gpu_wh_csv
from tests.footprint.points import cpu_point, gpu_point, site


def row(point):
    return next(csv.DictReader(io.StringIO(gpu_wh_csv([point], site()))), None)


def test_wh_of_the_gpu_per_thousand_queries():
    found = row(gpu_point())
    # 1.8 J x 1,000 / 3,600 J a Wh
    assert float(found["gpu_wh_per_1000_queries"]) == pytest.approx(0.5)
    assert float(found["baseline_gpu_wh_per_1000_queries"]) == pytest.approx(1.0)
    assert found["energy_basis"] == "measured"


def test_without_a_gpu_the_figure_is_absent_not_0():
    found = row(cpu_point())
    assert (found["gpu_wh_per_1000_queries"], found["baseline_gpu_wh_per_1000_queries"]) == ("", "")
    assert (found["energy_basis"], found["note"]) == ("", "no GPU energy was read")


def test_training_is_no_query():
    assert row(gpu_point(phase="training", workload="training_steps")) is None
