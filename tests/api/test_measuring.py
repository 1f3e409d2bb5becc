import concurrent.futures
import functools
import json
import os
import platform
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch

from suite import ReferenceWorkload, compare_energy, measure_energy
from suite.api import measuring
from suite.api.functions import name_of
from suite.api.reference_workload import interpreted, matrices
from suite.api.settings import meter_of, protocol_of
from suite.core.protocol import Protocol
from suite.errors import InputError
from suite.machine import cpu_contention, device_lock
from suite.meters.simulated import Simulated
from suite.record.schema import Record
from suite.stats.paired import paired_ratio
from tests.api.ledger import Ledger, brief, uses

compared = functools.partial(compare_energy, device="cpu", protocol=brief(), meter=Ledger())
measured = functools.partial(measure_energy, device="cpu", protocol=brief(), meter=Ledger())


class TestComparison:
    def test_the_ratio_is_that_of_the_second_to_the_first(self):
        found = compared(uses(2.0), uses(1.5))
        assert found.ratio.estimate == pytest.approx(0.75)
        assert found.ratio.low <= 0.75 + 1e-9
        assert found.ratio.high >= 0.75 - 1e-9
        assert found.baseline_energy_per_query_j == pytest.approx(2.0)
        assert found.energy_per_query_j == pytest.approx(1.5)
        assert found.verdict == "saves-accuracy-not-measured"
        assert found.stopped_by == "interval"
        assert found.blocks == 4

    def test_queries_of_a_call_divide_what_it_uses(self):
        found = compared(uses(2.0), uses(8.0), queries=(1, 8))
        assert found.ratio.estimate == pytest.approx(0.5)
        assert found.to_dict()["queries_a_call"] == [1, 8]

    def test_windows_are_those_of_a_point_abba_then_baab(self):
        windows = compared(uses(1.0), uses(1.0)).record.windows
        order = "".join("A" if each.arm == "baseline" else "B" for each in windows[:8])
        assert order == "ABBABAAB"

    def test_it_leaves_a_record_whose_figures_any_analysis_gets_again(self):
        found = compared(uses(1.0), uses(0.9), meter=Ledger(noise=0.02))
        assert isinstance(found.record, Record)
        assert found.ratio == paired_ratio(found.record.windows, "cpu")

    def test_noise_that_no_block_averages_out_ends_at_the_most_blocks_with_a_warning(self):
        found = compared(uses(1.0), uses(1.0), meter=Ledger(noise=0.3), protocol=brief(max_blocks=5))
        assert found.stopped_by == "blocks"
        assert "not_converged" in [warning.code for warning in found.warnings]

    def test_idle_power_is_taken_off_the_net_ratio(self):
        protocol = brief(idle_s=0.01)
        found = compared(slow(0.001), slow(0.0005), meter=Ledger(idle_power_w=1000.0), protocol=protocol)
        assert found.energy_per_query_j > 0.01  # idle watts for at least a hundredth of a millisecond
        assert found.net_ratio.estimate == pytest.approx(0.5, rel=0.02)

    def test_estimated_energy_says_so_wherever_it_is_shown(self):
        found = compared(uses(1.0), uses(1.0), meter=Ledger(method="estimated:ledger"))
        assert found.basis == found.to_dict()["basis"] == "estimated"
        assert found.net_ratio is None
        for shown in (str(found), repr(found), found._repr_html_(), found.plot().to_json()):
            assert "estimated CPU energy" in shown
        assert "cpu_energy_estimated" in [warning.code for warning in found.warnings]

    def test_it_is_one_line_a_table_a_chart_and_plain_values(self):
        found = compared(uses(1.0), uses(1.2), names=("old", "<new>"))
        assert str(found).startswith("<new> against old: +20.0")
        assert "\n" not in str(found)
        assert "&lt;new&gt; against old" in found._repr_html_()
        assert json.loads(json.dumps(found.to_dict()))["ratio"]["estimate"] == pytest.approx(1.2)
        assert len(found.plot().to_dict()["layer"]) == 4  # band, dots, line, and a line at 1

    def test_functions_of_one_name_are_a_and_b(self):
        assert compared(uses(1.0), uses(1.0)).names == ("a", "b")

    def test_other_work_on_the_machine_is_warned_of(self, monkeypatch):
        load = cpu_contention.ForeignLoad(cores=1.0, share=0.5)
        monkeypatch.setattr(cpu_contention, "foreign_load", lambda since: load)
        found = compared(uses(1.0), uses(1.0))
        assert "busy_machine" in [warning.code for warning in found.warnings]
        assert found.record.environment["foreign_load"]["cores"] == 1.0


@pytest.mark.slow
def test_a_board_whose_counter_steps_has_interpolated_windows_as_on_the_command_line():
    seconds = {"cpu": 0.3, "cuda": 0.3}
    protocol = brief(min_blocks=2, max_blocks=2, window_s=seconds, window_ticks=3, idle_s=0.5)
    found = compare_energy(list, dict, device="cpu", meter="simulated", protocol=protocol, budget_s=60)
    windows = found.record.windows
    assert "interpolated" in {window.edges for window in windows}
    assert all("gpu" in window.codecarbon_energy_j for window in windows if window.edges == "interpolated")
    assert found.component == "gpu"
    assert found.basis == "simulated"
    assert found.net_ratio is not None
    assert found.ratio.estimate == pytest.approx(0.8, rel=0.1)  # what conf declares, whatever the functions do
    assert "not_measured" in [warning.code for warning in found.warnings]


def slow(joules):
    """Uses energy for a hundredth of a millisecond a call, so that its time is known well enough."""

    def function():
        until_s = time.perf_counter() + 1e-5
        uses(joules)()
        while time.perf_counter() < until_s:
            pass

    return function


class TestMeasurement:
    def test_the_energy_per_query_has_an_interval_and_the_blocks_it_is_of(self):
        found = measured(uses(3.0), queries=2, meter=Ledger(noise=0.01))
        assert found.energy.low < 1.5 < found.energy.high
        assert found.energy.half_width / found.energy_per_query_j < 0.02
        assert len(found.block_energies_j) == found.blocks >= 4
        assert found.to_dict()["energy_per_query_j"] == found.energy_per_query_j

    def test_the_function_against_itself_shows_nothing(self):
        found = measured(uses(3.0))
        assert found.against_itself.estimate == pytest.approx(1.0)
        assert found.verdict == "no-detectable-change"

    def test_a_function_that_differs_from_itself_is_warned_of(self, monkeypatch):
        found = measured(uses(3.0))
        assert found.agrees_with_itself
        windows = [window if window.arm == "baseline" else halved(window) for window in found.record.windows]
        again = type(found)(replaced(found.record, windows=windows), ("f", "f"), "interval")
        assert not again.agrees_with_itself
        assert "differs_from_itself" in [warning.code for warning in again.warnings]

    def test_it_is_one_line_a_table_a_chart_and_plain_values(self):
        found = measured(uses(3.0), name="three")
        assert str(found).startswith("three: 3.00")
        assert "three" in found._repr_html_()
        assert found.plot().to_dict()["title"] == "three: measured CPU energy"
        assert json.loads(json.dumps(found.to_dict()))["name"] == "three"

    def test_what_a_whole_measurement_is_off_by_is_in_every_block(self):
        found = measured(uses(1.0), meter=Ledger(offset=0.1))
        assert found.energy_per_query_j != pytest.approx(1.0, rel=0.001)
        assert max(found.block_energies_j) == pytest.approx(min(found.block_energies_j))


class TestReference:
    def test_the_energy_is_the_functions_and_the_ratio_is_to_a_call_of_the_reference(self):
        reference = ReferenceWorkload(name="two joules", function=uses(2.0))
        found = measured(uses(3.0), queries=6, reference=reference, name="three")
        assert found.name == "three"
        assert found.energy_per_query_j == pytest.approx(0.5)
        assert found.reference == "two joules"
        assert found.reference_ratio.estimate == pytest.approx(0.25)
        assert found.block_reference_ratios == [pytest.approx(0.25)] * found.blocks
        assert found.to_dict()["queries_a_call"] == 6
        assert json.loads(json.dumps(found.to_dict()))["reference_ratio"]["estimate"] == pytest.approx(0.25)

    def test_the_ratio_lacks_what_a_whole_measurement_is_off_by(self):
        reference = ReferenceWorkload(name="two joules", function=uses(2.0))
        found = measured(uses(1.0), meter=Ledger(offset=0.3, seed=4), reference=reference)
        assert found.energy_per_query_j != pytest.approx(1.0, rel=0.05)
        assert found.reference_ratio.estimate == pytest.approx(0.5)

    def test_beside_one_nothing_is_said_of_the_function_against_itself(self):
        found = measured(uses(3.0), reference=ReferenceWorkload(name="one joule", function=uses(1.0)))
        assert found.against_itself is None
        assert found.verdict is None
        assert found.agrees_with_itself
        assert measured(uses(3.0)).reference_ratio is None

    def test_a_function_may_be_its_own_reference(self):
        function = uses(3.0)
        found = measured(function, reference=ReferenceWorkload(name="itself", function=function))
        assert found.reference_ratio.estimate == pytest.approx(1.0)

    def test_what_is_none_is_refused(self):
        with pytest.raises(InputError, match="reference is no ReferenceWorkload"):
            measured(uses(1.0), reference=uses(1.0))

    def test_those_that_the_suite_has_name_the_version_of_what_does_the_work(self):
        assert platform.python_version() in interpreted().name
        assert torch.__version__ in matrices("cpu").name
        assert interpreted().function() == interpreted().function() > 0
        matrices("cpu").function()


def halved(window):
    return replaced(window, energy_j={"cpu": window.energy_j["cpu"] / 2})


def replaced(struct, **changes):
    import msgspec

    return msgspec.structs.replace(struct, **changes)


class TestBadInput:
    def test_what_a_function_raises_is_the_cause_of_one_clear_error(self):
        def fails():
            raise ValueError("no such file")

        with pytest.raises(InputError, match=r"fails raised ValueError .*no such file") as caught:
            compared(fails, uses(1.0))
        assert isinstance(caught.value.__cause__, ValueError)

    def test_so_it_is_in_the_middle_of_a_window_and_the_meter_is_closed(self):
        calls, opened = [], []

        def fails_later():
            calls.append(1)
            if len(calls) > 500:
                raise ZeroDivisionError("late")

        class Watched(Ledger):
            def open(self, device, *, boards=(0,), pid=None):
                opened.append(super().open(device))
                return opened[0]

        with pytest.raises(InputError, match="fails_later raised ZeroDivisionError"):
            compared(fails_later, uses(1.0), meter=Watched())
        assert opened[0].closed

    def test_interrupting_is_no_error_of_the_function(self):
        def interrupted():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            measured(interrupted)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"budget_s": 0}, "budget_s must be a number above 0"),
            ({"queries": 0}, "queries must be a whole number"),
            ({"device": "gpu"}, "device must be auto, cpu or cuda"),
            ({"protocol": "fast"}, r"no such protocol.*quick"),
            ({"meter": "wattmeter"}, r"no such meter.*codecarbon"),
            ({"lock": "perhaps"}, "lock is unknown"),
        ],
    )
    def test_each_argument_is_checked(self, changes, words):
        with pytest.raises(InputError, match=words):
            measured(uses(1.0), **changes)

    @pytest.mark.parametrize(
        "changes", [{"names": ("old",)}, {"names": "ab"}, {"queries": (1, 2, 3)}, {"queries": 1.5}]
    )
    def test_what_is_given_for_each_function_is_a_pair(self, changes):
        with pytest.raises(InputError, match="must be one for each function"):
            compared(uses(1.0), uses(1.0), **changes)

    def test_what_cannot_be_called_is_named(self):
        with pytest.raises(InputError, match="b cannot be called"):
            compared(uses(1.0), 3)

    def test_work_that_is_given_back_undone_is_refused(self):
        async def later():
            return 1

        with pytest.raises(InputError, match="still to be done"):
            measured(later)
        with pytest.raises(InputError, match="still to be done"):
            measured(lambda: (each for each in range(3)))

    @pytest.mark.parametrize(
        "undone", [map(str, [1]), filter(None, [1]), zip([1], [2], strict=True), concurrent.futures.Future()]
    )
    def test_so_are_iterators_that_have_not_run_and_futures(self, undone):
        with pytest.raises(InputError, match="still to be done"):
            measured(lambda: undone)


class TestBudget:
    def test_a_budget_that_no_protocol_fits_into_is_refused_before_anything_is_measured(self):
        opened = []

        class Watched(Ledger):
            def open(self, device, *, boards=(0,), pid=None):
                opened.append(device)
                return super().open(device)

        with pytest.raises(InputError, match=r"budget_s is too short for the 8 blocks.*give at least 9 seconds"):
            measure_energy(uses(1.0), budget_s=2, device="cpu", meter=Watched())
        assert not opened

    def test_slow_calls_are_refused_once_they_are_known(self):
        with pytest.raises(InputError, match="budget_s is too short"):
            compared(lambda: time.sleep(0.05), uses(1.0), budget_s=0.5)

    def test_the_time_up_ends_it_with_what_there_is(self):
        protocol = brief(max_blocks=10_000, target_half_width={"cpu": 1e-9, "cuda": 1e-9})
        began_s = time.monotonic()
        found = compared(uses(1.0), uses(1.0), meter=Ledger(noise=0.1), protocol=protocol, budget_s=0.6)
        assert found.stopped_by == "budget"
        assert found.blocks >= 4
        assert time.monotonic() - began_s < 30  # it ends at all: a test asserts no exact time
        remedies = [warning.remedy for warning in found.warnings if warning.code == "not_converged"]
        assert remedies == ["give more time (budget_s=…)"]

    def test_what_the_first_call_takes_counts(self):
        with pytest.raises(InputError, match="budget_s is too short"):
            compared(uses(1.0), lambda: time.sleep(0.4), budget_s=0.3)


class TestWarnings:
    @pytest.mark.parametrize(("allocated", "warned"), [(0, True), (4096, False)])
    def test_a_gpu_on_which_torch_has_put_nothing_is_named(self, monkeypatch, allocated, warned):
        monkeypatch.setattr(measuring.torch.cuda, "max_memory_allocated", lambda board: allocated)
        how = SimpleNamespace(device="cuda", boards=(0,))
        assert (measuring._gpu_not_used(how) is not None) is warned
        assert measuring._gpu_not_used(SimpleNamespace(device="cpu", boards=(0,))) is None

    @pytest.mark.parametrize(
        ("policy", "method", "warned"),
        [(None, "estimated:x", True), (None, "measured:x", False), ("PASSIVE", "estimated:x", False)],
    )
    def test_threads_that_may_spin_are_named_where_cpu_time_is_energy(self, monkeypatch, policy, method, warned):
        monkeypatch.setattr(measuring, "wait_policy", lambda: policy)
        codes = [warning.code for warning in measured(uses(1.0), meter=Ledger(method=method)).warnings]
        assert ("threads_may_spin" in codes) is warned


class TestLock:
    def test_a_device_that_is_taken_is_refused(self):
        with device_lock.held(["cpu"], "another"), pytest.raises(InputError, match="another run is measuring"):
            measured(uses(1.0))

    def test_it_need_not_be_looked_at(self):
        with device_lock.held(["cpu"], "another"):
            assert measured(uses(1.0), lock="none").blocks == 4


class TestSettings:
    def test_protocols_and_meters_go_by_the_names_of_conf(self):
        protocol = protocol_of("quick")
        assert isinstance(protocol, Protocol)
        assert protocol.name == "quick"
        assert isinstance(meter_of("simulated"), Simulated)

    def test_names_are_the_functions_own(self):
        assert name_of(name_of, "a") == "name_of"
        assert name_of(functools.partial(name_of, 1), "a") == "name_of"
        assert name_of(lambda: 1, "a") == "a"
        assert name_of(uses(1.0), "a") == "function"


def test_importing_suite_before_torch_has_threads_sleep():
    for first, policy in (("suite", "PASSIVE"), ("torch", "None")):
        code = f"import {first}; import os, torch, suite; print(os.environ.get('OMP_WAIT_POLICY'))"
        environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == policy


def test_importing_suite_imports_nothing_of_weight():
    code = (
        "import sys, suite\n"
        "heavy = {'torch', 'numpy', 'yaml', 'msgspec', 'hydra', 'suite.api'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert 'compare_energy' in suite.__all__"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_it_works_in_any_folder_without_hydra_and_transformers_and_leaves_nothing_there(tmp_path):
    (tmp_path / "trace.csv").write_text("time_s,power_w\n0,10\n1,10\n")
    code = (
        "import dataclasses, sys\n"
        "from suite import compare_energy\n"
        "from suite.api.settings import protocol_of\n"
        "from suite.meters.replay import Replay\n"
        "brief = dataclasses.replace(protocol_of('scan'), window_s={'cpu': 0.01, 'cuda': 0.01}, idle_s=0.0,\n"
        "    slice_s={'cpu': None, 'cuda': None}, warmup_min_s=0.0, warmup_max_s=0.1, warmup_slope_s=0.01)\n"
        "meter = Replay(file='trace.csv', component='cpu')\n"
        "print(compare_energy(list, dict, device='cpu', protocol=brief, meter=meter, lock='none'))\n"
        "assert not {'hydra', 'omegaconf', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith("dict against list: ")
    assert "replayed CPU energy" in done.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["trace.csv"]
