"""Carbon of a point: the measured ratio of energies times the modelled one of intensities."""

import pytest

from suite.analysis.point.carbon_fields import carbon_fields, relative_carbon_intensity
from suite.stats.interval import Interval


def proof(**after):
    return {"proof": {"carbon_aware": {"after": after}}}


def test_without_such_a_technique_only_grams_are_stated():
    fields = carbon_fields({"proof": {"bf16": {"after": {"bytes": 3}}}}, 3600.0, Interval(1.0, 0.9, 1.1), 500.0)
    assert fields.pop("co2e_g_per_1000") == pytest.approx(500.0)  # 3.6 MJ are 1 kWh
    assert set(fields.values()) == {None}


def test_ratios_multiply_and_so_do_their_ends():
    effect = proof(relative_carbon_intensity=0.5, relative_carbon_intensity_low=0.4, relative_carbon_intensity_high=0.6)
    fields = carbon_fields(effect, 3600.0, Interval(1.0, 0.9, 1.1), 500.0)
    assert fields["co2e_g_per_1000"] == pytest.approx(250.0)
    assert [fields[f"co2e_ratio{end}"] for end in ("", "_low", "_high")] == pytest.approx([0.5, 0.36, 0.66])


def test_a_stated_intensity_without_ends_leaves_the_ratios_own():
    assert relative_carbon_intensity(proof(relative_carbon_intensity=0.8)) == Interval(0.8, 0.8, 0.8)
    fields = carbon_fields(proof(relative_carbon_intensity=0.8), None, Interval(1.0), 500.0)
    assert (fields["co2e_g_per_1000"], fields["co2e_ratio"], fields["co2e_ratio_low"]) == (None, 0.8, None)
