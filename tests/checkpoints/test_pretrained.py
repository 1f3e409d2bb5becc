"""Loading models: from a directory, by architecture, and from a stand-in of the hub in a process of its own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from suite.checkpoints import hub
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.pretrained import load_pretrained
from suite.checkpoints.spread import Spread
from suite.core import device_map
from suite.errors import DoesNotFit, InputError, NotApplicable
from suite.io.paths import CHECKOUT
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml
from tests.hub_stand_in import commit_of, hub_stand_in

LLAMA = {
    "model_type": "llama",
    "vocab_size": 8,
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}


def task(auto_class: str = "AutoModelForSequenceClassification", processor_class: str = "AutoTokenizer") -> Any:
    checked: list[Any] = []
    return SimpleNamespace(
        name="some_task",
        auto_class=auto_class,
        processor_class=processor_class,
        checked=checked,
        check_model=lambda model, processor: checked.append((model, processor)),
    )


def generation() -> Any:
    return task("AutoModelForCausalLM")


def spec(path: Any = None, weights: Any = "pretrained", architecture: Any = None, revision: Any = None) -> ModelSpec:
    path = None if path is None else str(path)
    return ModelSpec(name="some", path=path, revision=revision, weights=weights, architecture=architecture)


def load(model: ModelSpec, of: Any = None, dtype: str = "float32", seed: int = 0) -> tuple[Any, Any]:
    return load_pretrained(model, of or task(), device="cpu", dtype=dtype, seed=seed)


def bert_config(**changes: Any) -> Any:
    sizes = {"vocab_size": 8, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return transformers.BertConfig(intermediate_size=16, num_labels=3, **sizes, **changes)


def save_tokenizer(folder: Path) -> None:
    tokens = ["[PAD]", "[UNK]", "a", "b", "c", "d", "e", "f"]
    tokenizer = Tokenizer(models.WordLevel({token: at for at, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(folder)


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    folder = tmp_path / "classifier"
    transformers.BertForSequenceClassification(bert_config()).save_pretrained(folder)
    save_tokenizer(folder)
    return folder


def test_a_directory_gives_model_and_tokenizer_in_eval_mode(classifier: Path) -> None:
    model, tokenizer = load(spec(classifier))
    assert type(model).__name__ == "BertForSequenceClassification"
    assert not model.training
    assert tokenizer("a f")["input_ids"] == [2, 7]


def test_a_checkpoints_wish_for_beams_or_no_cache_does_not_decide_the_energy(tmp_path: Path) -> None:
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=8, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
        )
    )
    wishes = {"num_beams": 4, "use_cache": False, "return_dict_in_generate": True, "eos_token_id": 5}
    wishes |= {"suppress_tokens": [3, 4, 5, 6, 7], "begin_suppress_tokens": [2]}
    model.generation_config = transformers.GenerationConfig(**wishes)
    model.save_pretrained(tmp_path)
    save_tokenizer(tmp_path)
    loaded, _ = load(spec(tmp_path), generation())
    found = loaded.generation_config
    assert (found.num_beams, found.use_cache, found.do_sample, found.eos_token_id) == (1, True, False, 5)
    made = loaded.generate(torch.tensor([[1, 2]]), max_new_tokens=2, min_new_tokens=2)
    assert isinstance(made, torch.Tensor)
    assert made[0, 2] in (0, 1)  # what is never written, or not first, is of the vocabulary
    assert made[0, 3] in (0, 1, 2)


def test_weights_are_those_of_the_file(classifier: Path) -> None:
    from safetensors.torch import load_file

    model, _ = load(spec(classifier))
    stored = load_file(classifier / "model.safetensors")["classifier.weight"]
    assert torch.equal(model.classifier.weight, stored)


def test_weights_get_the_wanted_type(classifier: Path) -> None:
    model, _ = load(spec(classifier), dtype="bfloat16")
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}


def test_an_unknown_type_is_refused(classifier: Path) -> None:
    with pytest.raises(InputError, match="dtype is unknown, got 'float8'"):
        load(spec(classifier), dtype="float8")


def test_the_task_checks_what_was_loaded(classifier: Path) -> None:
    asking = task()
    loaded = load(spec(classifier), asking)
    assert asking.checked == [loaded]


def test_loading_leaves_the_verbosity_of_transformers_as_it_was(classifier: Path) -> None:
    before = transformers.utils.logging.get_verbosity()
    load(spec(classifier))
    assert transformers.utils.logging.get_verbosity() == before


def test_a_missing_directory_is_named_with_its_nearest_neighbour(classifier: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist.*did you mean .*/classifier\?"):
        load(spec(classifier.parent / "clasifier"))


def test_a_path_whose_first_part_is_a_local_folder_is_local(classifier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(classifier.parent.parent)
    assert spec(f"{classifier.parent.name}/nothing").is_local


@pytest.mark.parametrize("path", ["./x", "/x/y", "~/x", ".."])
def test_paths_are_local_by_their_look(path: str) -> None:
    assert spec(path).is_local


def test_owner_and_name_are_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not spec("openai-community/gpt2").is_local


def test_a_directory_without_config_is_refused(classifier: Path) -> None:
    (classifier / "config.json").unlink()
    with pytest.raises(InputError, match=r"no config\.json"):
        load(spec(classifier))


def test_an_unknown_architecture_is_refused(classifier: Path) -> None:
    (classifier / "config.json").write_text('{"model_type": "perpetuum_mobile"}')
    with pytest.raises(InputError, match=r"config\.json cannot be used.*perpetuum_mobile"):
        load(spec(classifier))


def test_a_torn_config_is_refused(classifier: Path) -> None:
    (classifier / "config.json").write_text('{"model_type": ')
    with pytest.raises(InputError, match=r"config\.json cannot be used"):
        load(spec(classifier))


def test_a_model_of_another_kind_does_not_fit(classifier: Path) -> None:
    with pytest.raises(InputError, match=r"does not fit the task some_task.*BertForSequenceClassification"):
        load(spec(classifier), task("AutoModelForImageClassification"))


def test_a_masked_language_model_does_not_generate(tmp_path: Path) -> None:
    transformers.BertForMaskedLM(bert_config()).save_pretrained(tmp_path)
    save_tokenizer(tmp_path)
    with pytest.raises(InputError, match=r"does not fit the task.*BertForMaskedLM"):
        load(spec(tmp_path), generation())


def test_a_checkpoint_without_the_tasks_head_is_refused(tmp_path: Path) -> None:
    transformers.BertModel(bert_config()).save_pretrained(tmp_path)
    save_tokenizer(tmp_path)
    with pytest.raises(InputError, match=r"no trained head.*classifier\.bias.*fine-tune it first"):
        load(spec(tmp_path))


def test_pickled_weights_are_refused(classifier: Path) -> None:
    (classifier / "model.safetensors").rename(classifier / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pickled weights only \(pytorch_model.bin\).*convert them"):
        load(spec(classifier))


def test_a_directory_without_weights_is_refused(classifier: Path) -> None:
    (classifier / "model.safetensors").unlink()
    with pytest.raises(InputError, match="no weights"):
        load(spec(classifier))


def test_torn_weights_are_refused(classifier: Path) -> None:
    weights = classifier / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(InputError, match="weights cannot be loaded"):
        load(spec(classifier))


def test_weights_of_another_shape_are_refused(classifier: Path) -> None:
    config = json.loads((classifier / "config.json").read_text())
    (classifier / "config.json").write_text(json.dumps(config | {"hidden_size": 32}))
    with pytest.raises(InputError, match="weights cannot be loaded"):
        load(spec(classifier))


def test_a_directory_without_tokenizer_is_refused(tmp_path: Path) -> None:
    transformers.BertForSequenceClassification(bert_config()).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="no tokenizer files"):
        load(spec(tmp_path))


def test_a_directory_without_image_processor_is_refused(tmp_path: Path) -> None:
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.ViTConfig(image_size=8, patch_size=4, **sizes)
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="AutoImageProcessor cannot be loaded"):
        load(spec(tmp_path), task("AutoModelForImageClassification", "AutoImageProcessor"))


def test_random_weights_need_no_tokenizer(tmp_path: Path) -> None:
    bert_config().save_pretrained(tmp_path)
    assert load(spec(tmp_path, weights="random"))[1] is None


def test_code_that_comes_with_a_model_is_never_run(classifier: Path) -> None:
    config = {"model_type": "own", "auto_map": {"AutoConfig": "code.Own"}}
    (classifier / "config.json").write_text(json.dumps(config))
    (classifier / "code.py").write_text("raise SystemExit('ran')")
    with pytest.raises(InputError, match="code of its own, which is never run"):
        load(spec(classifier))


def test_a_hash_that_fits_is_accepted(classifier: Path) -> None:
    found = hashlib.sha256((classifier / "model.safetensors").read_bytes()).hexdigest()
    (classifier / "README.md").write_text(f"---\nlicense: mit\nmodel_sha256: {found}\n---\n# Card\n")
    model, _ = load(spec(classifier))
    assert model.num_labels == 3


def test_a_hash_that_does_not_fit_is_refused_with_both(classifier: Path) -> None:
    found = hashlib.sha256((classifier / "model.safetensors").read_bytes()).hexdigest()
    stated = "0123456789abcdef" * 4
    (classifier / "README.md").write_text(f"---\nmodel_sha256: {stated}\n---\n")
    with pytest.raises(InputError, match=f"{stated}.*{found}"):
        load(spec(classifier))


def test_a_hash_outside_the_front_matter_is_no_claim(classifier: Path) -> None:
    (classifier / "README.md").write_text(f"---\nlicense: mit\n---\nmodel_sha256: {'0' * 64}\n")
    model, _ = load(spec(classifier))
    assert model.num_labels == 3


def test_an_architecture_gives_random_weights_and_no_processor() -> None:
    model, processor = load(spec(weights="random", architecture=LLAMA), generation(), dtype="bfloat16")
    assert processor is None
    assert (model.config.hidden_size, model.dtype, model.training) == (16, torch.bfloat16, False)


def test_the_seed_draws_random_weights() -> None:
    def head(seed: int) -> torch.Tensor:
        return load(spec(weights="random", architecture=LLAMA), generation(), seed=seed)[0].lm_head.weight

    assert torch.equal(head(1), head(1))
    assert not torch.equal(head(1), head(2))


def test_drawing_weights_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    load(spec(weights="random", architecture=LLAMA), generation())
    assert torch.equal(torch.rand(1), expected)


def test_random_weights_with_a_path_take_its_config_and_tokenizer(classifier: Path) -> None:
    (classifier / "model.safetensors").unlink()
    model, tokenizer = load(spec(classifier, weights="random"))
    assert model.config.hidden_size == 16
    assert len(tokenizer) == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "lama"}, "architecture cannot be used"),
        ({"model_type": "vit"}, "does not fit the task"),
    ],
)
def test_an_architecture_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(spec(weights="random", architecture=LLAMA | changes), generation())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"model\.path is missing"),
        ({"path": " "}, r"model\.path is empty"),
        ({"path": "x", "weights": "trained"}, r"model\.weights is unknown, got 'trained'"),
        ({"weights": "random"}, "random weights need an architecture"),
        ({"weights": "random", "architecture": {"hidden_size": 8}}, "random weights need an architecture"),
    ],
)
def test_a_spec_is_validated(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        spec(**arguments)


def test_a_quantised_checkpoint_without_its_backend_is_skipped(classifier: Path) -> None:
    config = json.loads((classifier / "config.json").read_text())
    quantisation = {"quant_method": "gptq", "bits": 4, "group_size": 32}
    (classifier / "config.json").write_text(json.dumps(config | {"quantization_config": quantisation}))
    with pytest.raises(NotApplicable, match="gptq checkpoint"):
        load(spec(classifier))


def test_a_quantised_checkpoint_loads_by_the_same_path(tmp_path: Path) -> None:
    sizes = {name: value for name, value in LLAMA.items() if name != "model_type"}
    sizes |= {"hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2}
    transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes)).save_pretrained(tmp_path / "plain")
    four_bits = transformers.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    small = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "plain", quantization_config=four_bits)
    small.save_pretrained(tmp_path / "small")
    save_tokenizer(tmp_path / "small")
    model, _ = load(spec(tmp_path / "small"), generation())
    assert type(model.model.layers[0].mlp.up_proj).__name__ == "Linear4bit"
    assert torch.isfinite(model(torch.tensor([[2, 3, 4]])).logits).all()


def test_an_image_processor_loads_where_transformers_exports_a_placeholder_for_want_of_torchvision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Placeholder:  # what transformers 5.17 exports then
        @staticmethod
        def from_pretrained(*_: object, **__: object) -> None:
            raise ImportError("AutoImageProcessor requires the Torchvision library")

    monkeypatch.setattr(transformers, "AutoImageProcessor", Placeholder)
    digits = spec(Path(__file__).parents[2] / "models" / "vit_digits")
    _, processor = load(digits, task("AutoModelForImageClassification", "AutoImageProcessor"))
    assert processor.size == {"height": 8, "width": 8}  # models/vit_digits/preprocessor_config.json


# The hub. The library reads its settings at import, so each check runs in a process of its own.

SCRIPT = """
import json, sys
from tests.checkpoints.test_pretrained import load, spec, task
from suite.errors import InputError, NotApplicable

for path, revision in json.loads(sys.argv[1]):
    try:
        model, tokenizer = load(spec(path, revision=revision))
        print(json.dumps(["ok", type(model).__name__]))
    except (InputError, NotApplicable) as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


def ask_hub(url: str, home: Path, *models: tuple[str, str | None], **more: str) -> tuple[list[list[str]], str]:
    """Outcome of each load in a fresh process, and all that the process wrote."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
    environment |= {"HF_ENDPOINT": url, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", **more}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(models)],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stdout + done.stderr


@pytest.fixture(scope="module")
def hub_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hub")
    for name in ("good", "closed", "down", "pickled"):
        folder = root / "models" / "acme" / name
        transformers.BertForSequenceClassification(bert_config()).save_pretrained(folder)
        save_tokenizer(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return root


TOKEN = "hf_" + "Secret123" * 3


@dataclasses.dataclass(frozen=True)
class Visit:
    """What a process got from the hub, what it asked, what it wrote, and where its cache is."""

    outcomes: list[list[str]]
    requests: list[str]
    written: str
    home: Path
    url: str


@pytest.fixture(scope="module")
def visit(hub_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    home = tmp_path_factory.mktemp("home")
    wanted = [
        ("acme/good", None),
        ("acme/good", commit_of(hub_root / "models/acme/good")),
        ("acme/good", "v9"),
        ("acme/nothing", None),
        ("acme/closed", None),
        ("acme/down", None),
        ("acme/pickled", None),
        ("not a name", None),
    ]
    with hub_stand_in(hub_root, faults={"acme/closed": "gated", "acme/down": "down"}) as server:
        outcomes, written = ask_hub(server.url, home, *wanted, HF_TOKEN=TOKEN)
        return Visit(outcomes, server.requests, written, home, server.url)


@pytest.fixture(scope="module")
def second_visit(visit: Visit) -> tuple[list[list[str]], str]:
    """The same machine when the hub has gone."""
    return ask_hub(visit.url, visit.home, ("acme/good", None), ("acme/pickled", None))


@pytest.mark.slow
def test_a_model_comes_from_the_hub(visit: Visit) -> None:
    assert visit.outcomes[0] == ["ok", "BertForSequenceClassification"]


@pytest.mark.slow
def test_a_pinned_revision_is_what_is_fetched(visit: Visit, hub_root: Path) -> None:
    assert visit.outcomes[1] == ["ok", "BertForSequenceClassification"]
    commit = commit_of(hub_root / "models/acme/good")
    assert f"GET /acme/good/resolve/{commit}/model.safetensors" in visit.requests


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "kind", "message"),
    [
        (2, "InputError", "acme/good has no such revision, got 'v9'"),
        (3, "InputError", "neither a local folder nor known to the hub, got 'acme/nothing'"),
        (4, "OutOfReach", "the model acme/closed is gated or private"),
        (5, "OutOfReach", "the hub is not reachable: Server error '503"),
        (6, "InputError", "pickled weights only"),
        (7, "InputError", "neither a local folder nor known to the hub, got 'not a name'"),
    ],
    ids=["revision", "unknown", "gated", "broken", "pickled", "name"],
)
def test_what_the_hub_refuses_is_explained(visit: Visit, at: int, kind: str, message: str) -> None:
    assert visit.outcomes[at][0] == kind
    assert message in visit.outcomes[at][1]


@pytest.mark.slow
def test_pickled_weights_are_not_even_fetched(visit: Visit) -> None:
    assert not [request for request in visit.requests if "pytorch_model.bin" in request]


@pytest.mark.slow
def test_a_token_is_never_written(visit: Visit) -> None:
    assert TOKEN not in visit.written


@pytest.mark.slow
def test_a_model_fetched_before_loads_while_the_hub_is_out_of_reach(second_visit: tuple[list[list[str]], str]) -> None:
    assert second_visit[0][0] == ["ok", "BertForSequenceClassification"]


@pytest.mark.slow
def test_a_model_that_is_not_cached_is_skipped(second_visit: tuple[list[list[str]], str]) -> None:
    kind, message = second_visit[0][1]
    assert kind == "OutOfReach"
    assert message.startswith("the hub is not reachable: ")
    assert message.endswith("acme/pickled is not in the local cache")


@pytest.mark.slow
def test_no_retries_are_made_where_the_hub_is_out_of_reach(second_visit: tuple[list[list[str]], str]) -> None:
    assert "Retrying" not in second_visit[1]


def test_offline_mode_skips_without_asking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NotApplicable, match="HF_HUB_OFFLINE is set"):
        load(spec("acme/some-model"))


def test_tokens_and_passwords_are_struck_from_messages() -> None:
    message = f"401 for http://me:secret@proxy/x with {TOKEN}\nmore"
    assert hub.first_line(OSError(message)) == "401 for http://[secret]@proxy/x with [secret]"


@pytest.fixture
def two_boards():
    """Two simulated boards whose parts of a model are put into the host's memory, where there are no GPUs."""
    boards = [SimulatedBoard(trace=PowerTrace(100.0), uuid=f"GPU-{number}", free_bytes=10**9) for number in range(2)]
    with SimulatedNvml(boards).installed():
        yield boards


FOUR_BLOCKS = LLAMA | {"num_hidden_layers": 4}


@pytest.mark.filterwarnings("ignore:Device .* is not available")
def test_random_weights_are_the_same_when_they_are_spread(two_boards, monkeypatch):
    seen, place = [], device_map.place
    monkeypatch.setattr(
        device_map, "place", lambda model, places: seen.append(places) or place(model, dict.fromkeys(places, "cpu"))
    )
    wanted = spec(weights="random", architecture=FOUR_BLOCKS)
    whole, _ = load(wanted, generation())
    options = {"device": "cpu", "dtype": "float32", "seed": 0, "spread": Spread(way="auto")}
    spread, _ = load_pretrained(wanted, generation(), **options)
    assert set(seen[0].values()) == {0, 1}
    ids = torch.arange(6)[None]
    assert torch.equal(spread(input_ids=ids).logits, whole(input_ids=ids).logits)


@pytest.mark.filterwarnings("ignore:Device .* is not available")
def test_a_saved_model_goes_to_its_places_as_it_is_read(tmp_path, monkeypatch):
    config = transformers.AutoConfig.for_model(**FOUR_BLOCKS)
    save_tokenizer(tmp_path)
    saved = transformers.AutoModelForCausalLM.from_config(config)
    saved.save_pretrained(tmp_path)
    places = {"model": "cpu", "lm_head": "cpu"}
    monkeypatch.setattr(Spread, "places", lambda *asked: places)
    options = {"device": "cpu", "dtype": "float32", "seed": 0, "spread": Spread(way="auto")}
    loaded, _ = load_pretrained(spec(tmp_path), generation(), **options)
    assert loaded.hf_device_map == places
    assert loaded.model._hf_hook.execution_device == "cpu"
    ids = torch.arange(6)[None]
    assert torch.equal(loaded(input_ids=ids).logits, saved.eval()(input_ids=ids).logits)


@pytest.mark.filterwarnings("ignore:Device .* is not available")
def test_a_model_is_spread_over_the_boards_that_it_may_use(two_boards):
    config = transformers.AutoConfig.for_model(**FOUR_BLOCKS)
    both = Spread(way="auto").places(generation(), config, "float32")
    assert set(both.values()) == {0, 1}
    assert set(Spread(way="auto", boards=(1,)).places(generation(), config, "float32").values()) == {1}
    two_boards[0].free_bytes = two_boards[1].free_bytes = 1000
    with pytest.raises(DoesNotFit):
        Spread(way="auto").places(generation(), config, "float32")


def test_a_model_that_others_have_quantised_is_not_spread(two_boards):
    config = SimpleNamespace(quantization_config={"quant_method": "gptq"})
    with pytest.raises(NotApplicable, match="leave device_map out"):
        Spread(way="auto").places(generation(), config, "float32")
