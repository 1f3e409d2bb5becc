"""The replay meter against integrals worked by hand."""

import pytest

from suite.core.meter import Readings
from suite.errors import ImpossibleOutput, InputError
from suite.meters import replay
from suite.meters.replay import METHOD, OpenReplay, Replay, Trace, read_trace

# 10 W at 0 s, 30 W at 2 s, 30 W at 3 s: 40 J, then 30 J; 70 J a round of 3 s.
TIMES_S, POWERS_W = [5.0, 7.0, 8.0], [10.0, 30.0, 30.0]


def written(folder, text):
    file = folder / "trace.csv"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("moment_s", "energy_j"),
    [(0.0, 0.0), (1.0, 15.0), (2.0, 40.0), (2.5, 55.0), (3.0, 70.0), (4.0, 85.0), (7.0, 155.0)],
)
def test_energy_is_the_integral_of_lines_repeated(moment_s, energy_j):
    assert Trace(TIMES_S, POWERS_W).energy_j(moment_s) == pytest.approx(energy_j)


def test_the_trace_begins_with_the_first_window_and_goes_on_between_windows():
    moments = iter([100.0, 101.0, 102.0, 104.0])
    meter = OpenReplay(Trace(TIMES_S, POWERS_W), "gpu", "trace.csv", clock=lambda: next(moments))
    found = [meter.stop(meter.start()) for _ in range(2)]
    assert found == [
        Readings(duration_s=1.0, energy_j={"gpu": pytest.approx(15.0)}, method={"gpu": METHOD}),
        Readings(duration_s=2.0, energy_j={"gpu": pytest.approx(30.0 + 15.0)}, method={"gpu": METHOD}),
    ]


def test_a_file_is_read_whatever_else_it_holds(tmp_path):
    file = written(tmp_path, "power_w,note,time_s\n10,a,5\n30,b,7\n30,c,8\n")
    with Replay(file=str(file), component="cpu").open("cpu") as meter:
        readings = meter.stop(meter.start())
        assert readings.method == {"cpu": METHOD}
        assert meter.describe()["trace"] == {"file": "trace.csv", "length_s": 3.0, "samples": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks time_s and power_w"),
        ("time_s,watts\n0,1\n1,1\n", "lacks power_w"),
        ("time_s,power_w\n", "at least two samples"),
        ("time_s,power_w\n0,1\n", "at least two samples"),
        ("time_s,power_w\n0,1\n1,1\n1,1\n", "line 4: time does not rise"),
        ("time_s,power_w\n1,1\n0,1\n", "line 3: time does not rise"),
        ("time_s,power_w\n0,1\n1,nan\n", "line 3: power_w is no finite number, got 'nan'"),
        ("time_s,power_w\n0,1\n1,inf\n", "line 3: power_w is no finite number"),
        ("time_s,power_w\n0,1\n1\n", "line 3: power_w is no finite number, got None"),
        ("time_s,power_w\nnoon,1\n1,1\n", "line 2: time_s is no finite number"),
        ("time_s,power_w\n0,1\n1,-2\n", "line 3: power is below 0"),
    ],
)
def test_a_bad_trace_is_one_clear_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        Replay(file=str(written(tmp_path, text)), component="gpu")


def test_a_trace_that_is_not_there_is_bad_input(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_trace(tmp_path / "none.csv")


def test_a_trace_that_is_no_text_is_bad_input(tmp_path):
    file = tmp_path / "trace.csv"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_trace(file)


def test_a_huge_trace_is_bad_input(tmp_path, monkeypatch):
    monkeypatch.setattr(replay, "_MOST_BYTES", 10)
    with pytest.raises(InputError, match="larger than 10 bytes"):
        read_trace(written(tmp_path, "time_s,power_w\n0,1\n1,1\n"))


def test_no_file_named_is_bad_input():
    with pytest.raises(InputError, match=r"meter\.file=trace\.csv"):
        Replay(file=None, component="gpu").open("cpu")


def test_an_unknown_component_is_bad_input():
    with pytest.raises(InputError, match=r"meter\.component"):
        Replay(file=None, component="wall")


def test_windows_do_not_nest():
    meter = OpenReplay(Trace(TIMES_S, POWERS_W), "gpu", "trace.csv")
    meter.start()
    with pytest.raises(ImpossibleOutput, match="inside another"):
        meter.start()


def test_a_window_is_closed_once():
    meter = OpenReplay(Trace(TIMES_S, POWERS_W), "gpu", "trace.csv")
    token = meter.start()
    meter.stop(token)
    with pytest.raises(ImpossibleOutput, match="not open"):
        meter.stop(token)
