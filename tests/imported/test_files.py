import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from suite.imported.files import imported_rows, keep, read_file
from tests.imported import written

FILES = {
    "report.json": lambda: json.dumps(written.optimum_report()),
    "benchmark.json": lambda: json.dumps(written.optimum_benchmark()),
    "results.json": lambda: json.dumps(written.ml_energy()),
    "profile_export_aiperf.json": lambda: json.dumps(written.aiperf(), indent=2),
    "vllm.json": lambda: json.dumps(written.vllm(**written.GPU_ENERGY)),
    "emissions.csv": written.EMISSIONS.read_text,
}


def read(tmp_path, content, name="file.json"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(path)


def test_optimum_benchmark_gives_energy_by_its_efficiency(tmp_path):
    (row,) = read(tmp_path, FILES["report.json"]())
    assert (row.source, row.label, row.file) == ("optimum-benchmark", "forward", "file.json")
    assert row.energy_per_query_j == pytest.approx(1.0)  # 3.6 MJ over 3.6 million samples
    assert (row.energy_j, row.basis, row.covers) == (None, "not stated", "CPU + GPU + RAM")
    assert (row.latency_ms_p50, row.latency_ms_p99, row.throughput_qps) == (20.0, 50.0, 200.0)


def test_optimum_benchmark_with_its_configuration(tmp_path):
    prefill, decode = read(tmp_path, FILES["benchmark.json"]())
    assert (prefill.label, prefill.hardware, prefill.source_version) == (
        "owner/llama: prefill", "NVIDIA H100", "0.6.0",
    )  # fmt: skip
    assert (prefill.energy_per_query_j, prefill.throughput_qps) == (None, None)  # a part of a query
    assert "no whole query" in prefill.note
    assert (decode.energy_per_query_j, decode.energy_per_token_j) == (None, pytest.approx(0.1))


@pytest.mark.parametrize("value", [0.0, -219_632_511.0])  # what a run of no iterations wrote
def test_an_impossible_efficiency_is_left_out_and_said(tmp_path, value):
    report = written.optimum_report(efficiency={"unit": "samples/kWh", "value": value})
    (row,) = read(tmp_path, json.dumps(report))
    assert row.energy_per_query_j is None
    assert "no possible figure" in row.note


def test_codecarbon_knows_energy_and_no_queries(tmp_path):
    (row,) = read(tmp_path, FILES["emissions.csv"](), "emissions.csv")
    assert (row.source, row.source_version, row.label) == ("CodeCarbon", "3.3.2", "an older measurement")
    assert row.energy_j == pytest.approx(9.771627525941981e-06 * 3.6e6)
    assert (row.energy_per_query_j, row.queries, row.basis, row.covers) == (None, None, "not stated", "CPU + RAM")


def test_what_the_installed_codecarbon_writes_is_read(tmp_path):
    from codecarbon.output_methods.emissions_data import EmissionsData
    from codecarbon.output_methods.file import FileOutput

    names = EmissionsData.__dataclass_fields__
    made = EmissionsData(**dict.fromkeys(names, 1.0) | {"project_name": "made", "gpu_model": None})
    for _ in range(2):
        FileOutput("emissions.csv", str(tmp_path)).out(made, None)
    rows = read_file(tmp_path / "emissions.csv")
    assert [(row.label, row.energy_j) for row in rows] == [("made", 3.6e6)] * 2


def test_ml_energy_gives_the_steady_state(tmp_path):
    (row,) = read(tmp_path, FILES["results.json"]())
    assert (row.source, row.label, row.hardware, row.queries) == ("ML.ENERGY", "Qwen/Qwen3-8B", "1 x H100", 1000)
    assert row.energy_per_query_j == pytest.approx(64.0)  # 0.1 J x 640 tokens
    assert (row.basis, row.latency_ms_p50, row.first_token_ms_p50) == ("measured", None, 156.0)


def test_ml_energy_gives_a_picture_its_share_of_the_batches(tmp_path):
    (row,) = read(tmp_path, json.dumps(written.ml_energy_diffusion()))
    assert (row.label, row.queries, row.energy_j, row.energy_per_query_j) == ("org/diffusion", 4, 220.0, 55.0)
    assert (row.latency_ms_p50, row.throughput_qps) == (2500.0, 0.8)


def test_aiperf_gives_each_metric_in_its_unit(tmp_path):
    (row,) = read(tmp_path, FILES["profile_export_aiperf.json"]())
    assert (row.source, row.source_version, row.label) == ("AIPerf", "0.13.0", "owner/llama")
    assert (row.energy_per_query_j, row.energy_per_token_j, row.basis) == (250.0, 0.5, "measured")
    assert (row.latency_ms_p99, row.first_token_ms_p50, row.throughput_qps) == (3371.24, 88.0, 1.45)
    assert row.note is None
    in_seconds = written.aiperf() | {"request_latency": {"unit": "s", "p50": 2.5}}
    assert read(tmp_path, json.dumps(in_seconds))[0].latency_ms_p50 == 2500.0


def test_vllm_with_energy_and_without(tmp_path):
    (row,) = read(tmp_path, FILES["vllm.json"]())
    assert (row.energy_j, row.energy_per_query_j, row.energy_per_token_j) == (6000.0, 60.0, 0.9375)
    assert (row.basis, row.latency_ms_p50, row.first_token_ms_p50) == ("measured", 540.0, 38.0)
    (row,) = read(tmp_path, json.dumps(written.vllm()))
    assert not row.says_energy
    assert row.note == "the file holds no energy"


def test_vllm_appends_a_result_a_line(tmp_path):
    lines = "\n".join(json.dumps(written.vllm(label=label)) for label in ("first", "second"))
    assert [row.label for row in read(tmp_path, lines)] == ["owner/llama: first", "owner/llama: second"]


def in_total(cell):
    """CodeCarbon's file with another cell for the energy in all."""
    return written.EMISSIONS.read_text().replace("9.771627525941981e-06", cell)


NAN = json.dumps(written.vllm(gpu_energy_j=math.nan))
DAMAGED = {
    "empty": (b" \n", "nothing in it"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\xff", "no text"),
    "cut off": (FILES["vllm.json"]()[:200], "truncated"),
    "not a number": (NAN, "malformed"),
    "of a wrong type": (json.dumps(written.vllm(completed="many")), r"Expected `int`, got `str` - at `\$.completed`"),
    "a key is missing": (json.dumps({k: v for k, v in written.vllm().items() if k != "model_id"}), "model_id"),
    "negative": (json.dumps(written.vllm(gpu_energy_j=-1.0)), "energy_j is -1"),
    "beyond any number": ('{"steady_state_energy": 1e999}', "out of range"),
    "another unit": (json.dumps(written.optimum_report(latency={"unit": "ms", "p50": 1.0})), "a unit of ms, where s"),
    "an unknown unit": (json.dumps(written.aiperf() | {"nvidia_total_gpu_energy": {"unit": "BTU", "avg": 1.0}}), "BTU"),
    "deep": ("[" * 100_000, "recursion|truncated|no tool"),
    "of another tool": ('{"hello": 1}', "of no tool that is known"),
    "no batches": (json.dumps(written.ml_energy_diffusion() | {"iteration_energy_measurements": []}), "no figure"),
    "a list": ("[1, 2]", "of no tool that is known"),
    "no queries": (json.dumps({"load_model": written.optimum_report()["load_model"]}), "no figure of a query"),
    "another table": (b"a,b\n1,2\n", "of no tool that is known"),
    "a table that is cut off": (written.EMISSIONS.read_text()[:-60], "line 2 has another number of cells"),
    "a table with words": (in_total("much"), "line 2: .*float"),
    "a table without a number": (in_total(""), "line 2: "),
    "a table with nan": (
        in_total("nan"),
        "line 2: energy_j is nan",
    ),
    "a table's head alone": (written.EMISSIONS.read_text().splitlines()[0] + "\n", "no figure of a query"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_one_error_with_its_name_and_what_to_do(tmp_path, kind):
    content, wrong = DAMAGED[kind]
    with pytest.raises(InputError, match=rf"(?i)an imported file cannot be read: .*({wrong})") as caught:
        read(tmp_path, content)
    assert "file.json" in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"cannot be opened.*missing\.json"):
        read_file(tmp_path / "missing.json")


@given(st.sampled_from(sorted(FILES)), st.floats(0, 1), st.binary(max_size=3))
def test_whatever_happens_to_a_file_it_is_rows_or_one_error(tmp_path_factory, name, where, instead):
    content = FILES[name]().encode()
    at = int(where * len(content))
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content[:at] + instead + content[at + len(instead) :])
    try:
        said = [row.file for row in read_file(path)]
    except InputError as error:
        said = [name] if name in str(error) else []
    assert set(said) == {name}


def test_files_are_kept_as_they_are_beside_the_run(tmp_path):
    run, given_file = tmp_path / "run", tmp_path / "benchmark_report.json"
    run.mkdir()
    given_file.write_text(FILES["report.json"]())
    (kept,) = keep(run, [given_file])
    assert kept.read_bytes() == given_file.read_bytes()
    assert keep(run, [given_file]) == [kept]  # once
    given_file.write_text(FILES["vllm.json"]())
    assert keep(run, [given_file]) == [run / "imported" / "benchmark_report-2.json"]
    assert [row.source for row in imported_rows(run)] == ["vLLM", "optimum-benchmark"]  # by name


def test_nothing_is_kept_where_one_file_is_damaged(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(FILES["report.json"]())
    bad.write_text("{")
    with pytest.raises(InputError, match=r"bad\.json"):
        keep(tmp_path, [good, bad])
    assert not (tmp_path / "imported").exists()


def test_a_run_that_is_not_there_keeps_nothing(tmp_path):
    with pytest.raises(InputError, match="no such run"):
        keep(tmp_path / "missing", [])


def test_iterations_whose_gpu_was_not_read_give_no_energy_of_those_that_were(tmp_path):
    content = written.ml_energy_diffusion()
    content["iteration_energy_measurements"][0]["gpu_energy"] = {}
    (row,) = read(tmp_path, json.dumps(content))
    assert (row.energy_j, row.energy_per_query_j, row.covers, row.basis) == (None, None, None, "not stated")
    assert row.latency_ms_p50 is not None


def test_a_run_in_which_codecarbon_read_nothing_has_no_energy(tmp_path):
    header, line = written.EMISSIONS.read_text().splitlines()[:2]
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    cells |= dict.fromkeys(("cpu_energy", "gpu_energy", "ram_energy", "energy_consumed"), "0.0")
    with pytest.raises(InputError, match="no figure of a query in it"):
        read(tmp_path, f"{','.join(cells)}\n{','.join(cells.values())}\n", "emissions.csv")


@pytest.mark.parametrize("name", ["nvidia_output_tokens_per_joule", "request_throughput"])
def test_a_unit_of_aiperf_that_is_not_known_is_no_other_one(tmp_path, name):
    content = written.aiperf()
    content[name]["unit"] = "furlongs"
    with pytest.raises(InputError, match="a unit of furlongs"):
        read(tmp_path, json.dumps(content))


def test_gpus_of_aiperf_are_summed_over_vendors_and_older_files_have_them_as_one(tmp_path):
    both = written.aiperf() | {
        "amd_total_gpu_energy": {"unit": "kJ", "avg": 1.0},
        "amd_output_tokens_per_joule": {"unit": "tokens/J", "avg": 10.0},
    }
    (row,) = read(tmp_path, json.dumps(both))
    assert (row.energy_j, row.energy_per_token_j) == (6000.0, pytest.approx(0.6))
    older = {name.removeprefix("nvidia_"): value for name, value in written.aiperf().items()}
    (row,) = read(tmp_path, json.dumps(older))
    assert (row.energy_j, row.energy_per_token_j) == (5000.0, 0.5)


def test_aiperf_without_telemetry_says_so(tmp_path):
    content = {name: value for name, value in written.aiperf().items() if not name.startswith("nvidia_")}
    (row,) = read(tmp_path, json.dumps(content))
    assert (row.energy_j, row.basis, row.note) == (None, "not stated", "the file holds no energy")


def test_a_vllm_run_in_which_all_failed_has_no_time_of_0(tmp_path):
    nothing = dict.fromkeys(("median_ttft_ms", "median_e2el_ms", "p99_e2el_ms", "request_throughput"), 0.0)
    energy = written.GPU_ENERGY | {"gpu_energy_per_output_token_j": 0.0}
    (row,) = read(tmp_path, json.dumps(written.vllm(completed=0, failed=100, **nothing, **energy)))
    assert (row.energy_j, row.energy_per_query_j, row.energy_per_token_j) == (6000.0, None, None)
    assert (row.first_token_ms_p50, row.latency_ms_p50, row.throughput_qps) == (None, None, None)
    assert "some requests failed" in row.note


def test_an_energy_of_0_is_none(tmp_path):
    (row,) = read(tmp_path, json.dumps(written.vllm(**written.GPU_ENERGY | {"gpu_energy_j": 0.0})))
    assert (row.energy_j, row.covers, row.basis) == (None, None, "not stated")
    (row,) = read(tmp_path, json.dumps(written.ml_energy() | {"steady_state_energy_per_token": None}))
    assert (row.energy_per_query_j, row.covers, row.basis) == (None, None, "not stated")


def test_a_file_of_our_own_export_covers_its_headline_alone(tmp_path):
    header, line = written.EMISSIONS.read_text().splitlines()[:2]
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    cells |= {"cpu_energy": "1.0", "gpu_energy": "4.0", "ram_energy": "", "energy_consumed": "4.0"}
    (row,) = read(tmp_path, f"{','.join(cells)}\n{','.join(cells.values())}\n", "emissions.csv")
    assert (row.energy_j, row.covers) == (4.0 * 3.6e6, "GPU")
