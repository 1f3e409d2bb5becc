"""The plugin in runs of pytest within this one: with pytest-benchmark, whose files and tables it works beside."""

import json
import os
import subprocess
import sys
import tomllib

import msgspec
import pytest

import suite.pytest_plugin
from suite import ReferenceWorkload, measure_energy
from suite.api.reference_workload import interpreted, matrices
from suite.errors import InputError
from suite.io.paths import CHECKOUT
from suite.pytest_plugin.benchmark import reference_meant
from suite.pytest_plugin.earlier_run import SavedEnergy, energies_of, rise_of
from tests.api.ledger import Ledger, brief, uses

pytest_plugins = "pytester"

CONFTEST = """
import pytest
from suite import ReferenceWorkload
from tests.api.ledger import Ledger, brief, uses

@pytest.fixture(scope="session")
def energy_meter():
    return Ledger(seed={seed}, noise=0.02, offset=0.01, method="{method}")

@pytest.fixture(scope="session")
def energy_protocol():
    return brief()

@pytest.fixture(scope="session")
def energy_reference():
    return {reference}

def pytest_benchmark_generate_machine_info():
    return {{}}  # asking for it takes a second
"""
TESTS = """
from tests.api.ledger import uses

def test_work(energy_benchmark):
    energy_benchmark(uses({joules}), queries=2)
    assert energy_benchmark.result.blocks >= 4
"""
QUICKLY = ("--benchmark-min-rounds=1", "--benchmark-max-time=0.001", "--benchmark-min-time=0.000001")


@pytest.fixture(scope="module", autouse=True)
def _all_imported():
    """A run within this one forgets what it imports, and torch cannot be imported twice."""
    measure_energy(uses(1.0), device="cpu", protocol=brief(), meter=Ledger())


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs a test whose function uses so many joules a call, as if no other run were around it."""
    for variable in [name for name in os.environ if name.startswith("PYTEST_XDIST")]:
        monkeypatch.delenv(variable)  # under xdist pytest-benchmark is off

    def start(
        *arguments, joules=1.0, seed=0, method="measured:ledger", reference="'none'", tests=TESTS, conftest=CONFTEST
    ):
        pytester.makeconftest(conftest.format(seed=seed, method=method, reference=reference))
        pytester.makepyfile(test_it=tests.format(joules=joules))
        return pytester.runpytest_inprocess(
            "-p", "suite.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:xdist", *QUICKLY, *arguments
        )

    return start


def test_the_row_the_table_and_the_file_are_pytest_benchmarks_with_the_energy_beside(run, pytester):
    result = run("--benchmark-json=then.json")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*energy per query*", "test_it.py::test_work: * per query *measured CPU energy*"])
    result.stdout.fnmatch_lines(["*Name (time in*", "test_work*"])
    (saved,) = json.loads((pytester.path / "then.json").read_text())["benchmarks"]
    energy = saved["extra_info"]["energy"]
    assert saved["stats"]["mean"] > 0
    assert energy["energy_per_query_j"] == pytest.approx(0.5, rel=0.1)
    assert energy["energy_per_query_j_low"] < energy["energy_per_query_j"] < energy["energy_per_query_j_high"]
    assert len(energy["block_energies_j"]) >= 4
    assert energy["basis"] == "measured"


def test_a_regression_fails_the_build_and_an_unchanged_function_passes(run, pytester):
    run("--benchmark-json=then.json").assert_outcomes(passed=1)
    unchanged = run("--energy-compare=then.json", "--energy-fail=5%", seed=1)
    unchanged.assert_outcomes(passed=1)
    unchanged.stdout.fnmatch_lines(["test_it.py::test_work: * against then.json"])
    worse = run("--energy-compare=then.json", "--energy-fail=5%", "--benchmark-json=now.json", joules=1.2, seed=2)
    worse.assert_outcomes(failed=1)
    worse.stdout.fnmatch_lines(["*energy per query changed by +* against then.json, from *more than the 5* %*"])
    assert worse.ret == pytest.ExitCode.TESTS_FAILED
    assert energies_of(pytester.path / "now.json")  # its row is in the file all the same
    run("--energy-compare=then.json", joules=1.2, seed=2).assert_outcomes(passed=1)  # nothing was asked to fail


ONE_JOULE = "ReferenceWorkload(name='one joule', function=uses(1.0))"


def test_beside_a_reference_a_slower_machine_is_no_regression_and_a_faster_one_hides_none(run, pytester):
    drifting = CONFTEST.replace("offset=0.01", "offset=0.3")
    gate = ("--energy-compare=then.json", "--energy-fail=5%")
    run("--benchmark-json=then.json", conftest=drifting, reference=ONE_JOULE).assert_outcomes(passed=1)
    (saved,) = energies_of(pytester.path / "then.json").values()
    assert saved.reference == "one joule"
    assert saved.block_reference_ratios == [pytest.approx(0.5, rel=0.1)] * len(saved.block_energies_j)
    for seed in (1, 2, 3):
        unchanged = run(*gate, conftest=drifting, reference=ONE_JOULE, seed=seed)
        unchanged.assert_outcomes(passed=1)
        unchanged.stdout.fnmatch_lines(["test_it.py::test_work: * beside the reference against then.json*"])
        worse = run(*gate, conftest=drifting, reference=ONE_JOULE, seed=10 + seed, joules=1.2)
        worse.assert_outcomes(failed=1)
        worse.stdout.fnmatch_lines(["*changed by +* from 0.[45]* to 0.[56]* times the reference's*more than the 5* %*"])


def test_another_reference_leaves_joules_and_it_says_so(run):
    run("--benchmark-json=then.json", reference=ONE_JOULE)
    other = ONE_JOULE.replace("one joule", "another joule")
    for reference, why in ((other, "the reference is another"), ("'none'", "this run has no reference")):
        result = run("--energy-compare=then.json", "--energy-fail=5%", reference=reference)
        result.stdout.fnmatch_lines([f"test_it.py::test_work: * in joules ({why}) against then*"])
    run("--benchmark-json=then.json")
    result = run("--energy-compare=then.json", "--energy-fail=5%", reference=ONE_JOULE)
    result.stdout.fnmatch_lines(["test_it.py::test_work: * in joules (the earlier run has no reference) against then*"])


@pytest.mark.parametrize(
    ("wanted", "device", "name"),
    [
        ("auto", "cpu", interpreted().name),
        ("auto", "cuda", None),
        ("none", "cpu", None),
        ("torch", "cpu", matrices("cpu").name),
    ],
)
def test_the_reference_is_interpreted_python_on_the_cpu_and_none_on_a_gpu(wanted, device, name):
    found = reference_meant(wanted, device)
    assert (found and found.name) == name


@pytest.mark.parametrize("wanted", ["pyhton", len])
def test_what_a_project_gives_for_a_reference_must_be_one(wanted):
    with pytest.raises(InputError, match="energy_reference is no reference"):
        reference_meant(wanted, "cpu")


def test_a_reference_works_on_the_device_whose_energy_is_read():
    with pytest.raises(InputError, match="no work on a GPU"):
        reference_meant("python", "cuda")


def test_it_goes_on_working_with_groups_and_stored_runs(run, pytester):
    grouped = "import pytest\n" + TESTS.replace("def test", '@pytest.mark.benchmark(group="parsing")\ndef test')
    run("--benchmark-save=then", tests=grouped).assert_outcomes(passed=1)
    (file,) = pytester.path.glob(".benchmarks/*/*.json")
    (saved,) = json.loads(file.read_text())["benchmarks"]
    assert saved["group"] == "parsing"
    result = run("--benchmark-compare", f"--energy-compare={file}", "--energy-fail=5%", tests=grouped)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*benchmark 'parsing'*"])


def test_an_interval_that_leaves_a_regression_open_passes_and_says_so(run):
    noisy = CONFTEST.replace("noise=0.02", "noise=0.4")
    run("--benchmark-json=then.json", conftest=noisy)
    result = run("--energy-compare=then.json", "--energy-fail=5%", conftest=noisy, seed=1)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_work: * against then.json, too wide to tell: give more time*"])


def test_joules_that_were_got_in_another_way_are_not_compared_and_it_says_so(run):
    run("--benchmark-json=then.json", method="estimated:ledger")
    result = run("--energy-compare=then.json", "--energy-fail=5%", joules=2.0)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*not held against then.json: another method (estimated:ledger there, measured*"])


def test_a_test_that_is_new_is_not_compared_and_it_says_so(run):
    run("--benchmark-json=then.json")
    result = run("--energy-compare=then.json", "--energy-fail=5%", tests=TESTS.replace("test_work", "test_new"))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_new*not held against then.json: it is not in there"])
    result.stdout.fnmatch_lines(["0 of the 1 tests of then.json were measured; not measured: test_it.py::test_work"])


def test_a_gate_that_would_look_at_nothing_is_refused(run):
    run("--benchmark-json=then.json")
    gate = ("--energy-compare=then.json", "--energy-fail=5%")
    for off in ("--benchmark-disable", "--benchmark-skip"):
        result = run(*gate, off)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"*would look at nothing: leave {off} out"])
    unmeasured = "def test_work(energy_benchmark):\n    energy_benchmark(len, 'a')"
    result = run("--energy-compare=then.json", "--benchmark-disable", tests=unmeasured)  # nothing was asked to fail
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["0 of the 1 tests of then.json were measured*"])


@pytest.mark.parametrize(("option", "value"), [("numprocesses", 2), ("tx", ["2*popen"])])
def test_several_processes_are_refused_by_the_gate(option, value):
    class Config:
        def getoption(self, name, default=None):
            return {option: value}.get(name, default)

    assert "leave -n out" in suite.pytest_plugin._why_off(Config())


def test_what_another_plugin_stored_under_the_name_is_no_energy(run, pytester):
    run("--benchmark-json=then.json")
    saved = json.loads((pytester.path / "then.json").read_text())
    foreign = saved["benchmarks"][0] | {"fullname": "test_other.py::test_other", "extra_info": {"energy": 3}}
    (pytester.path / "both.json").write_text(json.dumps(saved | {"benchmarks": [foreign, *saved["benchmarks"]]}))
    assert list(energies_of(pytester.path / "both.json")) == ["test_it.py::test_work"]


def test_tests_of_one_name_are_told_apart(run):
    twice = """
from tests.api.ledger import uses

class TestA:
    def test_work(self, energy_benchmark):
        energy_benchmark(uses(1.0))

class TestB:
    def test_work(self, energy_benchmark):
        energy_benchmark(uses(1.0))
"""
    lines = run(tests=twice).stdout
    lines.fnmatch_lines(["test_it.py::TestA::test_work: *", "test_it.py::TestB::test_work: *"])


def test_timing_waits_for_the_device_too(run):
    held = """
import pytest
from suite.errors import InputError
from suite.machine import device_lock
from tests.api.ledger import uses

def test_work(energy_benchmark):
    work = uses(1.0)

    def refused():
        with pytest.raises(InputError, match="another run is measuring"), device_lock.held(["cpu"], "another"):
            pass
        work()

    energy_benchmark(refused)
"""
    run("--energy-device=cpu", tests=held).assert_outcomes(passed=1)


def test_where_benchmarks_are_disabled_the_function_runs_once_and_nothing_is_measured(run):
    counting = """
def test_work(energy_benchmark):
    calls = []
    assert energy_benchmark(lambda: calls.append(1) or 7) == 7
    assert len(calls) == 1
    assert energy_benchmark.result is None
"""
    result = run("--benchmark-disable", tests=counting)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*energy per query*")


def test_arguments_are_passed_on_and_what_is_returned_comes_back(run):
    passing = """
from tests.api.ledger import uses
def test_work(energy_benchmark):
    def power(base, *, exponent):
        uses(1.0)()
        return base ** exponent
    assert energy_benchmark(power, 2, exponent=3) == 8
    assert energy_benchmark.benchmark.extra_info["energy"]["name"] == "test_it.py::test_work"
"""
    run(tests=passing).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--energy-fail=5%"], "*--energy-fail needs an earlier run*"),
        (["--energy-compare=absent.json"], "*the earlier run cannot be read*"),
        (["--energy-compare=conftest.py"], "*is no saved run*"),
        (["--energy-compare=without.json", "--energy-fail=5%"], "*holds no energy*"),
        (["--energy-compare=without.json", "--energy-fail=much"], "*--energy-fail takes per cent*"),
    ],
)
def test_wrong_options_end_the_run_before_it_begins(run, pytester, arguments, words):
    row = {"fullname": "test_it.py::test_work", "extra_info": {}}
    (pytester.path / "without.json").write_text(json.dumps({"benchmarks": [row]}))
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([words])


def test_a_file_that_is_damaged_is_one_clear_error(tmp_path):
    file = tmp_path / "saved.json"
    energy = {"energy_per_query_j": "much"}
    file.write_text(json.dumps({"benchmarks": [{"fullname": "a", "extra_info": {"energy": energy}}]}))
    with pytest.raises(InputError, match=r"is no saved run .*energy_per_query_j"):
        energies_of(file)


def measured(joules, seed, *, offset=0.015, reference=None):
    """Two per cent of noise a window, and one and a half, or ``offset``, from one run to the next."""
    meter = Ledger(seed=seed, noise=0.02, offset=offset)
    return measure_energy(uses(joules), device="cpu", protocol=brief(), meter=meter, reference=reference)


def saved(found):
    return msgspec.convert(json.loads(json.dumps(found.to_dict())), SavedEnergy)


def surely_risen(then, now):
    return rise_of(saved(then), now).ratio.low > 1.05


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [{"offset": 0.015}, {"offset": 0.25, "reference": ReferenceWorkload(name="one joule", function=uses(1.0))}],
    ids=["on-a-steady-machine", "on-one-whose-speed-changes-beside-a-reference"],
)
def test_a_planted_fifth_is_caught_and_nothing_is_called_a_regression_in_19_of_20_runs(how):
    caught = called = 0
    for seed in range(20):
        then = measured(1.0, seed, **how)
        caught += surely_risen(then, measured(1.2, 100 + seed, **how))
        called += surely_risen(then, measured(1.0, 200 + seed, **how))
    assert caught >= 19
    assert called <= 1


def test_an_installed_suite_brings_the_plugin_under_the_name_by_which_it_is_switched_off():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {suite.pytest_plugin.__name__: suite.pytest_plugin.__name__}


def test_loading_the_plugin_imports_nothing_of_weight():
    code = (
        "import sys, suite.pytest_plugin\n"
        "heavy = {'torch', 'numpy', 'msgspec', 'suite.api', 'suite.errors'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
