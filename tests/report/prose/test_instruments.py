import pytest

from suite.report.build import read_report
from suite.report.prose import instruments
from tests.synthetic import BOARD, COUNTER, ESTIMATED, environment, record, windows, write_run

GPU = environment(gpu="Example GPU")


def report_of(tmp_path, *records, with_cpu_estimate=True):
    return read_report(write_run(tmp_path / "run", records), with_cpu_estimate=with_cpu_estimate)


def gpu_record(method=COUNTER, minute=0, where=GPU, **conditions):
    """Sixteen windows of 100 J and 50 J."""
    seen = windows(
        [0.5] * 4, component="gpu", method=method, beside={"cpu": (0.1, ESTIMATED)}, conditions=BOARD | conditions
    )
    return record(device="cuda", where=where, run_windows=seen, minute=minute, batch_size=32 + minute)


def test_each_source_says_what_it_covers_and_where_its_tdp_is_from(tmp_path):
    where = environment()
    where["meter"]["components"]["cpu"]["tdp_source"] = "CodeCarbon's table of CPUs"
    (source,) = instruments.sources(report_of(tmp_path, record(where=where, run_windows=windows([0.5] * 4))))
    assert (source.component, source.basis, source.scope) == ("cpu", "estimated", "this process and its children")
    assert source.tdp == "TDP 120\N{NO-BREAK SPACE}W, from CodeCarbon's table of CPUs"
    assert (source.points, source.headline) == (1, 1)


def test_the_headline_comes_before_what_stands_beside_it(tmp_path):
    found = instruments.sources(report_of(tmp_path, gpu_record()))
    assert [(each.component, each.headline) for each in found] == [("gpu", 1), ("cpu", 0)]


def test_the_estimate_beside_a_gpu_is_no_source_unless_it_is_asked_for(tmp_path):
    found = report_of(tmp_path, gpu_record(), with_cpu_estimate=False)
    assert [each.component for each in instruments.sources(found)] == ["gpu"]
    assert instruments.hides_cpu_estimate(found)
    assert not instruments.hides_cpu_estimate(report_of(tmp_path / "asked", gpu_record()))


def test_what_differs_from_point_to_point_makes_no_second_source(tmp_path):
    elsewhere = environment(gpu="Example GPU")
    elsewhere["meter"]["components"]["gpu"] |= {"period_s": 0.09, "lag_s": 0.001, "watch_cpu_share": 0.004}
    found = instruments.sources(report_of(tmp_path, gpu_record(), gpu_record(minute=1, where=elsewhere)))
    assert [(each.component, each.points) for each in found] == [("gpu", 2), ("cpu", 2)]
    assert found[0].details == {"index": 0, "energy_counter": True}


def test_a_source_of_an_older_record_says_what_is_known(tmp_path):
    bare = record(where={"hardware": {"name": "Old"}}, run_windows=windows([0.5] * 4))
    (source,) = instruments.sources(report_of(tmp_path, bare))
    assert (source.scope, source.tdp, source.details) == ("", "", {})


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("measured:rapl", "the processor's energy counter (RAPL)"),
        ("simulated:nvml_energy_counter", "the GPU's energy counter (NVML)"),
        ("estimated:tdp_share", "tdp share"),
    ],
)
def test_methods_in_words(method, words):
    assert instruments.method_words(method) == words


def test_checks_that_hold_are_one_line_for_all_points(tmp_path):
    found = instruments.checks(report_of(tmp_path, gpu_record(), gpu_record(minute=1)))
    assert [(check.holds, check.words.replace("\N{NO-BREAK SPACE}", " ")) for check in found] == [
        (True, "CodeCarbon and the GPU's counter agree within 0.1 % in 32 of 32 windows"),
        (True, "the counter and the integral of power agree within 0.1 % over all windows in 2 of 2 points"),
    ]


def test_a_check_that_fails_says_in_how_many_windows_and_by_how_much(tmp_path):
    # The baseline's 100 J against 80 J are 25 %; a step is a tenth of the window. The candidate's 50 J are -37.5 %.
    found = instruments.checks(report_of(tmp_path, gpu_record(counter_j=80.0, integral_j=75.0)))
    assert [(check.holds, check.words.replace("\N{NO-BREAK SPACE}", " ")) for check in found] == [
        (False, "CodeCarbon and the GPU's counter disagree in 16 of 16 windows, by up to 37.5 %"),
        (False, "the counter and the integral of power disagree over all windows in 1 of 1 point, by up to 6.7 %"),
    ]


def test_without_a_second_instrument_there_is_no_check(tmp_path):
    assert instruments.checks(report_of(tmp_path, record(run_windows=windows([0.5] * 4)))) == []


def test_a_run_of_simulated_points_says_that_nothing_was_measured(tmp_path):
    run = report_of(tmp_path, gpu_record("simulated:x"), gpu_record("simulated:x", minute=1))
    assert instruments.nothing_measured(run) == "Nothing on this page was measured: all energy was simulated."


def test_a_run_of_both_counts_what_was_not_measured(tmp_path):
    run = report_of(tmp_path, gpu_record("replayed:power_trace"), gpu_record(minute=1))
    assert instruments.nothing_measured(run) == "The energy of 1 of 2 points was not measured but replayed."


def test_a_measured_or_estimated_run_says_nothing_of_the_kind(tmp_path):
    run = report_of(tmp_path, gpu_record(), record(run_windows=windows([1.0] * 4), minute=1))
    assert instruments.nothing_measured(run) is None
