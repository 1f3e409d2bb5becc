from suite.units import joules_to_kwh, kwh_to_joules, millijoules_to_joules


def test_a_kilowatt_hour_is_three_point_six_megajoules():
    assert kwh_to_joules(1.0) == 3_600_000
    assert joules_to_kwh(1_800_000) == 0.5


def test_a_thousand_millijoules_are_a_joule():
    assert millijoules_to_joules(1500) == 1.5
