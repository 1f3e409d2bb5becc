import math

import msgspec
import pytest

from suite.analysis.run.crossover import crossover_maps
from suite.analysis.summary import summarise
from suite.record.schema import Reason
from tests.synthetic import COUNTER, ESTIMATED, record, windows

FLOAT8, NF4 = (("float8", {}),), (("nf4", {}),)


def at(batch_size, ratios, stack=FLOAT8, **changes):
    how = {key: changes.pop(key) for key in ("component", "method") if key in changes}
    return record(mitigations=stack, batch_size=batch_size, run_windows=windows(ratios, **how), **changes)


def maps(*records):
    return crossover_maps(summarise("run", list(records), 0.0))


def spread(ratio, share=0.02):
    """Four blocks whose logarithms have the mean log ``ratio`` and a standard deviation of ``share``.

    Their t interval of 3 degrees of freedom is 3.182 * share / 2 each way, 0.0318 for 0.02.
    """
    step = share * math.sqrt(3 / 4)
    return [ratio * math.exp(sign * step) for sign in (-1, 1, -1, 1)]


def test_a_crossover_between_two_batch_sizes():
    """Log ratios of ln 1.25 and -ln 1.25, each +-0.03182: half way of a factor of 16 is batch 4.

    The band holds 0 where (r - 2 r w)^2 <= 0.03182^2 ((1 - w)^2 + w^2), r = 0.22314, and the floor of ln 1.005 is
    taken off r first: by w = 1/2 -+ d, (2 r d - 0.004988)^2 = 0.03182^2 (1/2 + 2 d^2), d = 0.06265.
    """
    (found,) = maps(at(1, spread(1.25)), at(16, spread(0.8)))
    (crossing,) = found.rows[0].crossings
    assert crossing.estimate == pytest.approx(4)
    assert (crossing.low, crossing.high) == pytest.approx((16 ** (0.5 - 0.06265), 16 ** (0.5 + 0.06265)), rel=2e-3)
    assert (crossing.before, crossing.after) == ("above", "below")
    assert found.rows[0].has_crossover


def test_cells_are_the_points_of_each_batch_size():
    (found,) = maps(at(64, [0.8] * 4), at(1, [1.25] * 4), at(8, [1.1] * 4))
    assert found.batch_sizes == (1, 8, 64)
    assert [cell.point.energy_ratio for cell in found.rows[0].cells] == pytest.approx([1.25, 1.1, 0.8])
    assert found.rows[0].at(8).ratio.low == pytest.approx(1.1)
    assert found.rows[0].at(2) is None


@pytest.mark.parametrize(
    ("ratios", "finding"),
    [([0.8] * 4, "saves"), ([0.996] * 4, "no-detectable-change"), ([1.004] * 4, "no-detectable-change"),
     ([1.006] * 4, "costs-energy"), ([0.8, 1.2, 0.8, 1.2], "unresolved"), ([0.8], "no-interval")],
)  # fmt: skip
def test_a_finding_needs_the_interval_clear_of_half_a_per_cent(ratios, finding):
    (found,) = maps(at(1, ratios), at(8, [0.8] * 4), at(64, [0.8] * 4))
    assert found.rows[0].at(1).finding == finding


def test_a_cell_without_an_interval_takes_no_part_in_the_crossover():
    """1.3 at batch 1 from one block: from 8 to 64 it saves everywhere, and before that nothing is known."""
    (found,) = maps(at(1, [1.3]), at(8, [0.8] * 4), at(64, [0.7] * 4))
    (stretch,) = found.rows[0].stretches
    assert (stretch.low, stretch.high) == (8, 64)
    assert found.rows[0].crossings == ()


def test_one_batch_size_is_no_map():
    assert maps(at(8, [0.8] * 4), at(8, [1.2] * 4, NF4)) == []


def test_two_batch_sizes_of_different_techniques_are_no_map():
    assert maps(at(1, [0.8] * 4), at(8, [1.2] * 4, NF4)) == []


def test_a_technique_at_one_batch_size_has_a_row_beside_others_without_a_crossover():
    (found,) = maps(at(1, [1.2] * 4), at(8, [0.8] * 4), at(8, [0.7] * 4, NF4))
    assert [row.point.mitigation for row in found.rows] == ["float8", "nf4"]
    assert found.rows[1].stretches == ()


def test_techniques_that_flip_come_first():
    (found,) = maps(*(at(size, [0.7] * 4, NF4) for size in (1, 8)), at(1, [1.2] * 4), at(8, [0.8] * 4))
    assert [row.point.mitigation for row in found.rows] == ["float8", "nf4"]


def test_parameters_set_rows_apart():
    stacks = [(("structured_pruning", {"share": share}),) for share in (0.25, 0.5)]
    (found,) = maps(*(at(size, [0.8] * 4, stack) for stack in stacks for size in (1, 8)))
    assert [row.point.mitigations[0]["params"] for row in found.rows] == [{"share": 0.25}, {"share": 0.5}]


def test_the_baseline_and_what_sets_the_batch_size_have_no_row():
    batch = (("batch_size", {"size": 64}),)
    assert maps(*(at(size, [1.0] * 4, stack) for stack in ((), batch, batch + NF4) for size in (1, 8))) == []


@pytest.mark.parametrize(
    "other", [{"dtype": "bfloat16"}, {"model": "other"}, {"workload": "single_stream"}, {"task": "text_classification"}]
)
def test_what_else_differs_is_another_map(other):
    assert len(maps(*(at(size, [0.8] * 4, **each) for each in ({}, other) for size in (1, 8)))) == 2


def test_runs_are_kept_apart():
    points = [summarise(run, [at(size, [0.8] * 4) for size in (1, 8)], 0.0) for run in ("a", "b")]
    assert len(crossover_maps([point for found in points for point in found])) == 2


def test_runtimes_are_kept_apart():
    eager = summarise("run", [at(size, [0.8] * 4) for size in (1, 8)], 0.0)
    compiled = [msgspec.structs.replace(point, runtime="compiled") for point in eager]
    assert [found.example.runtime for found in crossover_maps([*eager, *compiled])] == ["eager", "compiled"]


def test_measured_and_estimated_energies_share_no_map():
    gpu = [at(size, [0.8] * 4, component="gpu", method=COUNTER) for size in (1, 8)]
    cpu = [at(size, [0.8] * 4, NF4, method=ESTIMATED) for size in (1, 8)]
    found = maps(*gpu, *cpu)
    assert [each.example.energy_basis for each in found] == ["measured", "estimated"]
    assert [len(each.rows) for each in found] == [1, 1]


def test_a_batch_size_that_could_not_run_keeps_its_cell():
    reason = Reason(kind="out_of_memory", message="it does not fit")
    skipped = record(mitigations=FLOAT8, batch_size=64, status="failed", reason=reason)
    (found,) = maps(at(1, [0.8] * 4), at(8, [0.8] * 4), at(64, [0.8] * 4, NF4), skipped)
    assert found.rows[0].at(64).finding == "not-run"
    assert found.batch_sizes == (1, 8, 64)


def test_a_technique_that_ran_nowhere_has_no_row():
    skipped = [record(mitigations=NF4, batch_size=size, status="skipped") for size in (1, 8)]
    (found,) = maps(at(1, [0.8] * 4), at(8, [0.8] * 4), *skipped)
    assert [row.point.mitigation for row in found.rows] == ["float8"]
