"""Whatever stands in a record's file or on the command line: an answer or one clear error, never a traceback."""

import json
import os

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite.analysis.summary import summarise
from suite.errors import InputError
from suite.overrides import composed, expand, resolved
from suite.record import DEEPEST_LEVEL, LARGEST_BYTES, RecordError, TornRecord, load, load_run, save
from tests import synthetic

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
