"""Whatever stands in a record's file or on the command line: an answer or one clear error, never a traceback."""

import json
import os
import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite.analysis.summary import summarise
from suite.carbon.intensity_files import read_series
from suite.config.compose import composed, resolved
from suite.config.expand import expand
from suite.errors import InputError
from suite.record.store import DEEPEST_LEVEL, LARGEST_BYTES, RecordError, TornRecord, load, load_run, save
from tests import synthetic
from tests.carbon.test_intensity_files import NEW, OLD, PLAIN, sdk, uk

BOUNDED = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FEW = settings(BOUNDED, max_examples=40)
WHOLE = synthetic.record(run_windows=synthetic.windows([0.8, 0.81, 0.79, 0.8]), mitigations=[("bf16", {"x": 1})])
CONTENT = msgspec.json.encode(WHOLE)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    """The path of every value within a structure."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


PLACES = [path for path in places(json.loads(CONTENT)) if path]


def changed(path, value):
    content = json.loads(CONTENT)
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(content).encode()


def loaded_or_refused(tmp_path, content):
    """The record where it loads; None where it is refused by name."""
    path = tmp_path / "0123456789ab-1.json"
    path.write_bytes(content)
    try:
        return load(path)
    except RecordError as error:
        refusal = str(error)
    assert refusal.startswith(path.name)
    return None


def refusal_of(act):
    """What the act was refused with; nothing where it was not."""
    try:
        act()
    except InputError as error:
        return str(error)
    return ""


@BOUNDED
@given(content=st.binary(max_size=300))
def test_any_bytes_are_refused_by_name(tmp_path, content):
    assert loaded_or_refused(tmp_path, content) is None


@BOUNDED
@given(cut=st.integers(0, len(CONTENT) - 1))
def test_a_record_cut_anywhere_is_refused(tmp_path, cut):
    assert loaded_or_refused(tmp_path, CONTENT[:cut]) is None


@BOUNDED
@given(place=st.integers(0, len(CONTENT) - 1), byte=st.integers(0, 255))
def test_a_flipped_byte_is_refused_or_harmless(tmp_path, place, byte):
    record = loaded_or_refused(tmp_path, CONTENT[:place] + bytes([byte]) + CONTENT[place + 1 :])
    if record is not None:
        summarise("run", [record], 400.0)


@BOUNDED
@given(path=st.sampled_from(PLACES), value=VALUES)
def test_any_value_in_any_place_is_refused_or_harmless(tmp_path, path, value):
    record = loaded_or_refused(tmp_path, changed(path, value))
    if record is not None:
        summarise("run", [record], 400.0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("windows", 0, "queries"), 0),
        (("windows", 0, "queries"), -5),
        (("windows", 0, "duration_s"), 0.0),
        (("windows", 0, "duration_s"), -1.0),
        (("windows", 0, "energy_j", "cpu"), -1.0),
        (("windows", 0, "batches"), -1),
        (("windows", 0, "block"), -1),
    ],
)
def test_figures_that_cannot_be_are_refused(tmp_path, path, value):
    assert loaded_or_refused(tmp_path, changed(path, value)) is None


@pytest.mark.parametrize("levels", [DEEPEST_LEVEL + 1, 500, 100_000])
@pytest.mark.parametrize("place", ["config", "environment", "effect"])
def test_a_record_nested_like_a_bomb_is_refused(tmp_path, place, levels):
    bomb = b'{"a":' * levels + b"1" + b"}" * levels
    marked = msgspec.json.encode(msgspec.structs.replace(WHOLE, **{place: {"bomb": "HERE"}}))
    assert loaded_or_refused(tmp_path, marked.replace(b'"HERE"', bomb)) is None


def test_a_record_larger_than_any_is_not_even_read(tmp_path):
    path = tmp_path / "0123456789ab-1.json"
    with path.open("wb") as stream:
        stream.truncate(LARGEST_BYTES + 1)
    with pytest.raises(TornRecord, match="more than any record"):
        load(path)


def test_a_pipe_in_place_of_a_record_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "0123456789ab-1.json")
    with pytest.raises(TornRecord, match="no plain file"):
        load(tmp_path / "0123456789ab-1.json")


def test_one_hostile_record_costs_the_run_no_other(tmp_path):
    save(WHOLE, tmp_path / "records")
    (tmp_path / "records" / "a-1.json").write_bytes(b"[" * 100_000)
    (tmp_path / "records" / "b-1.json").mkdir()
    records, unreadable = load_run(tmp_path)
    assert (len(records), len(unreadable)) == (1, 2)


KEYS = st.sampled_from(
    ["batch_size", "device", "model.path", "task", "mitigation", "mitigation.bf16.x", "name", "hydra.sweep.dir"]
) | st.text(max_size=12)  # fmt: skip
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "${oc.env:HOME}",
        "${nothing}",
        "${batch_size}",
        "[a,b]",
        "{a: 1}",
        "a,b",
        "range(1,3)",
        "null",
        "1e400",
        "'",
        "!x",
    ]
)


@BOUNDED
@given(overrides=st.lists(st.builds("{}{}={}".format, st.sampled_from(["", "+", "++", "~"]), KEYS, TEXTS), max_size=3))
def test_any_overrides_expand_or_are_one_clear_error(overrides):
    assert "\n" not in refusal_of(lambda: expand(overrides, multirun=True))


@FEW
@given(key=KEYS, text=TEXTS)
def test_any_override_composes_or_is_one_clear_error(key, text):
    def compose_all():
        for point in expand([f"{key}={text}"], multirun=True):
            resolved(composed(point))

    assert "\n" not in refusal_of(compose_all)


INTENSITIES = [
    PLAIN,
    OLD,
    NEW,
    uk({"forecast": 1, "actual": 2}, {"forecast": 3, "actual": 4}),
    json.dumps(sdk("a", "b")),
]
ODD = st.text(max_size=20) | st.sampled_from(
    [
        "0001-01-01T00:00+14:00", "9999-12-31T23:59:59.9Z", "9999-12-31T23:59-14:00", "2026-02-30T00:00Z", "nan",
        "1e999", "-0", "9" * 400, '"', '"a\nb"', ",", "\n", "\x00", "null", "[", "{}", '[{"Location": "a\\nb"}]',
    ]
)  # fmt: skip


def intensities_refused_with(path, content):
    path.write_bytes(content)
    return refusal_of(lambda: read_series(path, signal="average"))


@BOUNDED
@given(content=st.binary(max_size=300))
def test_any_bytes_are_no_intensities_and_one_clear_error(tmp_path, content):
    assert "\n" not in intensities_refused_with(tmp_path / "file", content) != ""


@BOUNDED
@given(content=st.sampled_from(INTENSITIES), data=st.data(), odd=ODD)
def test_intensities_changed_anywhere_are_read_or_one_clear_error(tmp_path, content, data, odd):
    first = data.draw(st.integers(0, len(content)))
    last = data.draw(st.integers(first, min(len(content), first + 40)))
    spoilt = (content[:first] + odd + content[last:]).encode("utf-8", "surrogatepass")
    assert "\n" not in intensities_refused_with(tmp_path / "file", spoilt)


@BOUNDED
@given(content=st.sampled_from(INTENSITIES), data=st.data(), odd=ODD)
def test_odd_cells_in_intensities_are_read_or_one_clear_error(tmp_path, content, data, odd):
    pieces = re.split(r'([,\n"])', content)
    pieces[2 * data.draw(st.integers(0, len(pieces) // 2))] = odd
    spoilt = "".join(pieces).encode("utf-8", "surrogatepass")
    assert "\n" not in intensities_refused_with(tmp_path / "file", spoilt)


@pytest.mark.parametrize("time", ["0001-01-01T00:00+14:00", "9999-12-31T23:59:59.9Z"])
def test_a_time_at_the_end_of_the_calendar_is_one_clear_error(tmp_path, time):
    assert "is no time" in intensities_refused_with(
        tmp_path / "file", PLAIN.replace("2026-01-01T00:00Z", time).encode()
    )


def test_a_name_over_two_lines_is_still_one_line_of_error(tmp_path):
    rows = 'time,g_co2e_per_kwh,zone\n2026-01-01T00:00Z,1,"a\nb"\n2026-01-01T01:00Z,1,c\n'
    found = intensities_refused_with(tmp_path / "file", rows.encode())
    assert "holds several zones" in found
    assert "\n" not in found
