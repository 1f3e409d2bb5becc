import json

import pytest

from suite.carbon import intensity_files
from suite.carbon.intensity_files import read_series
from suite.errors import InputError

PLAIN = "time,g_co2e_per_kwh\n2026-01-01T00:00Z,100\n2026-01-01T01:00Z,200\n"
SIGNALS = "time,g_co2e_per_kwh,zone,signal\n2026-01-01T00:00Z,100,DE,{}\n2026-01-01T01:00Z,200,DE,{}\n"
OLD = (
    "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),"
    "Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method\n"
    "2023-01-01 00:00:00,Italy,North Italy,IT-NO,210.5,280.1,50,40,x,false,\n"
    "2023-01-01 01:00:00,Italy,North Italy,IT-NO,211.5,281.1,50,40,x,true,y\n"
)
NEW = (
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),"
    "Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),"
    "Renewable energy percentage (RE%),Data source,Data estimated,Data estimation method\n"
    "2025-01-01 00:00:00,France,France,FR,30,50,95,30,x,false,\n"
    "2025-01-01 01:00:00,France,France,FR,31,51,95,30,x,false,\n"
)


def uk(*intensities):
    times = [f"2018-01-20T{12 + index // 2}:{'30' if index % 2 else '00'}Z" for index in range(len(intensities) + 1)]
    return json.dumps(
        {
            "data": [
                {"from": times[index], "to": times[index + 1], "intensity": each | {"index": "moderate"}}
                for index, each in enumerate(intensities)
            ]
        }
    )


def sdk(*locations, hours=2):
    return [
        {"Location": location, "Time": f"2021-10-25T1{hour}:50:00+00:00", "Rating": 90 + hour, "Duration": "01:00:00"}
        for location in locations
        for hour in range(hours)
    ]


@pytest.fixture
def file(tmp_path):
    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("content", "wanted", "values", "step_s", "kind"),
    [
        (PLAIN, "average", [100, 200], 3600, ("file", "average", "unstated", "unstated")),
        ("\ufeff" + PLAIN, "marginal", [100, 200], 3600, ("file", "marginal", "unstated", "unstated")),
        (SIGNALS.format(*["marginal"] * 2), None, [100, 200], 3600, ("DE", "marginal", "unstated", "unstated")),
        (OLD, None, [280.1, 281.1], 3600, ("IT-NO", "average", "life_cycle", "actual")),
        (NEW, None, [50, 51], 3600, ("FR", "average", "life_cycle", "actual")),
        (NEW.replace(" (Life cycle)", " (other)"), None, [30, 31], 3600, ("FR", "average", "direct", "actual")),
        (uk({"forecast": 156, "actual": 149}, {"forecast": 157, "actual": 150}), None, [149, 150], 1800,
         ("GB", "average", "direct", "actual")),
        (uk({"forecast": 156, "actual": 149}, {"forecast": 157, "actual": None}), None, [156, 157], 1800,
         ("GB", "average", "direct", "forecast")),
        (json.dumps(sdk("us-east-1")), "average", [90, 91], 3600, ("us-east-1", "average", "unstated", "unstated")),
        (json.dumps({"Emissions": sdk("us-east-1")}), "marginal", [90, 91], 3600,
         ("us-east-1", "marginal", "unstated", "unstated")),
    ],
)  # fmt: skip
def test_each_format_is_read_with_what_it_means(file, content, wanted, values, step_s, kind):
    found = read_series(file(content), signal=wanted)
    assert found.g_co2e_per_kwh.tolist() == values
    assert found.step_s == step_s
    assert (found.about.zone, found.about.signal, found.about.boundary, found.about.origin) == kind


def test_one_zone_of_several_is_chosen(file):
    path = file(json.dumps(sdk("us-east-1", "eu-west-2")))
    assert read_series(path, zone="eu-west-2", signal="average").about.zone == "eu-west-2"


def test_values_that_the_source_estimated_are_counted(file):
    assert read_series(file(OLD)).about.estimated == 1
    assert read_series(file(PLAIN), signal="average").about.estimated is None


@pytest.mark.parametrize(
    ("content", "choices", "words"),
    [
        (PLAIN, {}, "does not say whether it is average or marginal"),
        (PLAIN, {"signal": "mean"}, "average or marginal, got 'mean'"),
        (SIGNALS.format("average", "marginal"), {}, "mixes average and marginal"),
        (SIGNALS.format("average", ""), {}, "mixes average and marginal"),
        (SIGNALS.format("usual", "usual"), {}, "does not say"),
        (NEW, {"signal": "marginal"}, "says that it is average, got 'signal=marginal'"),
        (NEW, {"zone": "DE"}, "no such zone, got 'DE'.*FR"),
        (json.dumps(sdk("a", "b")), {"signal": "average"}, "several zones.*a, b"),
        ("a,b\n1,2\n", {}, "none of the known columns"),
        ("", {}, "none of the known columns"),
        ("Datetime (UTC),Zone id\n2025-01-01 00:00:00,FR\n", {}, "no carbon intensity of Electricity Maps"),
        (PLAIN + "2026-01-01T02:00Z\n", {"signal": "average"}, "line 4 has too few or too many cells"),
        ("time,g_co2e_per_kwh\n", {"signal": "average"}, "holds no values"),
        ('time,"g_co2e_per_kwh\n', {}, "no csv"),
        (PLAIN.replace("Z", ""), {"signal": "average"}, "line 2: the time has no offset"),
        (uk({"forecast": 1, "actual": 1}, {"forecast": None, "actual": None}), {}, r"data\[1\].*has no value"),
        ('{"data": "none"}', {}, "cannot be understood"),
        ('{"other": []}', {}, "neither data nor Emissions"),
        ("[" * 100_000, {}, "cannot be understood"),
        ('{"x": ' + "[" * 100_000, {}, "cannot be understood"),
        ("[1, 2", {}, "cannot be understood"),
        (b"\xff\xfe\x00", {}, "no UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_one_clear_line(file, content, choices, words):
    with pytest.raises(InputError, match=words) as caught:
        read_series(file(content), **choices)
    assert "\n" not in str(caught.value)


def test_no_file_is_a_clear_line(tmp_path):
    with pytest.raises(InputError, match="no such intensity file"):
        read_series(tmp_path / "absent.csv")


def test_no_more_than_the_largest_size_is_read(file, monkeypatch):
    monkeypatch.setattr(intensity_files, "MOST_BYTES", len(PLAIN) - 1)
    with pytest.raises(InputError, match="too large"):
        read_series(file(PLAIN), signal="average")
