import math
from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from suite.core.task import with_split
from suite.data.library_source import library_files
from suite.errors import ImpossibleOutput, InputError, NotApplicable
from suite.tasks.text_generation import scored_rows

VOCABULARY = 258  # 256 bytes, one merge, one special token


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("text_generation")


def byte_tokenizer(**changes):
    """One token a byte, but ``ab`` is one token; the last id starts and ends."""
    symbols = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "ab"]
    tokenizer = Tokenizer(models.BPE({symbol: number for number, symbol in enumerate(symbols)}, [("a", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fields = {"eos_token": "<end>", "model_input_names": ["input_ids", "attention_mask"]}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{**fields, **changes})


def tiny_llama(positions=512):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        intermediate_size=16,
        max_position_embeddings=positions,
        initializer_range=0.5,
        bos_token_id=None,
        eos_token_id=257,
        pad_token_id=257,
    )
    return LlamaForCausalLM(config)


class Uniform:
    """Gives every token the same chance."""

    def __init__(self, positions=512, logit=0.0):
        self.logit = logit
        self.config = SimpleNamespace(vocab_size=VOCABULARY, max_position_embeddings=positions)
        self.config.get_text_config = lambda: self.config
        self.lengths = []

    def __call__(self, input_ids, attention_mask):
        self.lengths.append(input_ids.shape[1])
        return SimpleNamespace(logits=torch.full((*input_ids.shape, VOCABULARY), self.logit))


def test_no_top_level_module_is_in_two_splits(task):
    tops = [
        {str(window["source"]).removesuffix(".py").split("/")[0] for window in split}
        for split in (task.train(), task.validation(), task.test())
    ]
    assert min(map(len, tops)) > 5
    assert not tops[0] & tops[1]
    assert not tops[0] & tops[2]
    assert not tops[1] & tops[2]


def test_every_split_has_text_of_the_library(task):
    assert "json/decoder.py" in {window["source"] for window in task.test()}
    assert "asyncio/base_events.py" in {window["source"] for window in task.train()}
    assert "pickle.py" in {window["source"] for window in task.validation()}


def test_tests_and_installed_packages_are_left_out(tmp_path):
    for path in ("json/decoder.py", "json/tests/test_decoder.py", "site-packages/json/x.py", "json/table.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x = 1\n")
    assert [path.as_posix() for path in library_files(tmp_path, "test")] == ["json/decoder.py"]


def test_windows_are_small_and_few_a_module(task):
    windows = task.test()
    assert max(len(window["text"].encode()) for window in windows) <= 640
    assert max(Counter(window["source"] for window in windows).values()) == 12


def test_clusters_are_modules(task):
    assert len(set(task.clusters())) == len({window["source"] for window in task.test()}) > 30


def test_a_sample_is_of_whole_windows_and_keeps_clusters_in_step(make_task, task):
    sampled = make_task("text_generation", max_scored=50)
    assert len(sampled.test()) == len(sampled.clusters()) == 50
    whole = [window["text"] for window in task.test()]
    assert all(window["text"] in whole for window in sampled.test())


def test_a_uniform_model_needs_log2_of_the_vocabulary_a_byte(make_setup, task):
    setup = make_setup(task, Uniform(), byte_tokenizer())
    # three tokens on three bytes; "é" is two bytes and two tokens; "abab" is four bytes and two tokens
    scores = task.score(setup, [{"text": "xyz"}, {"text": "é"}, {"text": "abab"}])
    assert scores == pytest.approx([math.log2(258), math.log2(258), math.log2(258) / 2], rel=1e-6)


def test_a_window_longer_than_the_model_is_read_in_rows_and_every_token_counts_once(make_setup, task):
    model = Uniform(positions=4)
    assert task.score(make_setup(task, model, byte_tokenizer()), [{"text": "wxyzwxyz"}]) == pytest.approx(
        [math.log2(258)]
    )
    assert max(model.lengths) == 4


def test_rows_start_with_the_start_token_and_come_shortest_first(make_setup, task):
    rows, bytes_read = scored_rows(make_setup(task, Uniform(positions=3), byte_tokenizer()), [{"text": "ccc"}])
    assert [(row.ids[0], len(row.ids), row.window) for row in rows] == [(257, 2, 0), (257, 3, 0)]
    assert bytes_read == [3]


@pytest.mark.parametrize("unknown", [{}, {"unk_token": "<end>"}, {"unk_token": "<unk>"}])  # GPT-2's end is its unknown
def test_a_special_token_that_is_written_in_the_text_is_predicted_and_counted(make_setup, task, unknown):
    rows, bytes_read = scored_rows(make_setup(task, Uniform(), byte_tokenizer(**unknown)), [{"text": "x<end>y"}])
    assert [len(row.ids) for row in rows] == [4]
    assert bytes_read == [7]


def test_what_a_tokenizer_does_not_know_is_not_counted(make_setup, task):
    words = Tokenizer(models.WordLevel({"<unk>": 0, "ab": 1, "c": 2}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="<unk>")
    _, bytes_read = scored_rows(make_setup(task, Uniform(), tokenizer), [{"text": "ab ééé c"}])
    assert bytes_read == [4]  # "ab c"


def test_a_tokenizers_own_start_token_comes_first(make_setup, task):
    tokenizer = byte_tokenizer(bos_token="a")
    rows, _ = scored_rows(make_setup(task, Uniform(), tokenizer), [{"text": "ccc"}])
    assert rows[0].ids[0] == tokenizer.bos_token_id


def test_log_perplexity_is_nats_a_token_whatever_the_bytes(make_setup, task):
    setup = make_setup(
        with_split(task, "test", [{"text": "abab", "source": 1}, {"text": "é", "source": 2}]),
        Uniform(),
        byte_tokenizer(),
    )
    (found,) = setup.task.further_scores(setup, setup.task.evaluate(setup))
    assert found.items == pytest.approx([math.log(258), math.log(258)], rel=1e-6)
    assert (found.metric, found.higher_is_better) == ("log_perplexity", False)
    assert (found.clusters, found.tokens) == ([0, 1], [2, 2])


def test_scores_do_not_depend_on_padding(make_setup, task):
    setup = make_setup(task, tiny_llama(), byte_tokenizer())
    windows = [{"text": "def f():\n"}, {"text": "return 1\n" * 20}, {"text": "x"}]
    alone = [task.score(setup, [window])[0] for window in windows]
    assert task.score(setup, windows) == pytest.approx(alone, rel=1e-5)


def test_a_score_is_the_models_cross_entropy(make_setup, task):
    setup = make_setup(task, tiny_llama(), byte_tokenizer())
    ids = torch.tensor([[257, *setup.processor("if x:")["input_ids"]]])
    with torch.no_grad():
        nats = float(setup.model(input_ids=ids, labels=ids).loss) * 5
    assert task.score(setup, [{"text": "if x:"}]) == pytest.approx([nats / math.log(2) / 5], rel=1e-5)


def test_evaluate_scores_the_test_windows_in_order(make_task, make_setup):
    task = make_task("text_generation", max_scored=3)
    setup = make_setup(task, tiny_llama(), byte_tokenizer())
    assert task.evaluate(setup) == task.score(setup, task.test())
    assert len(task.evaluate(setup)) == 3


def test_logits_that_are_no_numbers_fail_the_point(make_setup, task):
    with pytest.raises(ImpossibleOutput):
        task.score(make_setup(task, Uniform(logit=float("nan")), byte_tokenizer()), [{"text": "x"}])


def test_a_model_without_tokenizer_is_not_scored(make_setup, task):
    with pytest.raises(NotApplicable):
        task.evaluate(make_setup(task, tiny_llama(), None))


def test_a_tokenizer_without_start_or_end_is_refused(make_setup, task):
    with pytest.raises(InputError, match="bos_token"):
        task.score(make_setup(task, Uniform(), byte_tokenizer(eos_token=None)), [{"text": "x"}])


def test_prompts_have_exactly_the_asked_number_of_tokens(make_setup, task):
    setup = make_setup(task, tiny_llama(), byte_tokenizer())
    batch = task.batch(setup, task.queries()[:4])
    assert batch["input_ids"].shape == (4, 64)
    assert batch["attention_mask"].min() == 1
    assert set(batch) == {"input_ids", "attention_mask"}


def test_a_short_prompt_is_padded_on_the_left(make_setup, task):
    setup = make_setup(task, tiny_llama(), byte_tokenizer())
    batch = task.batch(setup, [{"text": "x"}, {"text": "xyz"}])
    assert batch["attention_mask"].tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    assert batch["input_ids"][0, 2:].tolist() == [257, batch["input_ids"][1, 1]]


def test_queries_are_fixed(task):
    assert len(task.queries()) == 64
    assert task.queries() == task.queries()


def test_random_prompts_are_in_the_vocabulary_and_the_same_each_time(make_setup, task):
    setup = make_setup(task, tiny_llama(), None)
    ids = task.batch(setup, task.queries()[:8])["input_ids"]
    assert ids.shape == (8, 64)
    assert 0 <= int(ids.min()) <= int(ids.max()) < VOCABULARY
    assert torch.equal(ids, task.batch(setup, task.queries()[:8])["input_ids"])
    assert not torch.equal(ids[0], ids[1])


def test_run_generates_the_forced_number_of_tokens_even_past_the_end_token(make_task, make_setup):
    task = make_task("text_generation", new_tokens=5)
    model = tiny_llama()
    setup = make_setup(task, model, byte_tokenizer())
    batch = task.batch(setup, task.queries()[:3])
    with setup.active():
        favourite = int(model(**batch).logits[0, -1].argmax())
        model.generation_config.eos_token_id = favourite
        assert task.run(setup, batch) == 15


def test_run_needs_no_tokenizer(make_task, make_setup):
    task = make_task("text_generation", new_tokens=2)
    setup = make_setup(task, tiny_llama(), None)
    with setup.active():
        assert task.run(setup, task.batch(setup, task.queries()[:2])) == 4


def test_training_loss_is_the_models_own(make_setup, task):
    setup = make_setup(task, tiny_llama(), byte_tokenizer(), phase="training")
    batch = task.training_batch(setup, [{"text": "abc"}, {"text": "x = 1"}])
    assert batch["labels"].tolist()[0][3:] == [-100, -100, -100]
    own = setup.model(**batch).loss
    torch.testing.assert_close(task.loss(setup.model, batch), own)


def test_logits_and_targets_leave_padding_out(make_setup, task):
    setup = make_setup(task, tiny_llama(), byte_tokenizer(), phase="training")
    logits, targets = task.logits(setup.model, task.training_batch(setup, [{"text": "abc"}, {"text": "x = 1"}]))
    assert logits.shape == (7, VOCABULARY)  # two tokens of "abc", five of "x = 1"
    assert targets.shape == (7,)


def test_training_rows_are_cut_to_the_models_positions(make_setup, task):
    setup = make_setup(task, tiny_llama(positions=16), byte_tokenizer(), phase="training")
    assert task.training_batch(setup, task.train()[:2])["input_ids"].shape == (2, 16)


def test_a_model_with_too_few_positions_is_refused(task):
    with pytest.raises(InputError, match="64 positions"):
        task.check_model(tiny_llama(positions=64), byte_tokenizer())


def test_a_model_that_cannot_generate_is_refused(task):
    with pytest.raises(InputError, match="generate"):
        task.check_model(torch.nn.Linear(1, 1), byte_tokenizer())


def test_a_fitting_model_is_accepted_with_and_without_tokenizer(task):
    assert task.check_model(tiny_llama(), byte_tokenizer()) is None
    assert task.check_model(tiny_llama(), None) is None


@pytest.mark.parametrize("field", ["prompt_tokens", "new_tokens", "window_bytes", "windows_per_source"])
def test_impossible_lengths_are_refused(make_task, field):
    with pytest.raises(Exception, match=f"task.{field} must be a whole number of at least 1"):
        make_task("text_generation", **{field: 0})


def test_ones_own_text_is_scored_window_by_window(make_task, make_setup, tmp_path):
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text(f"chapter {number}\n" * 100)
    task = make_task("text_generation", data=str(tmp_path))
    setup = make_setup(task, Uniform(), byte_tokenizer())
    scores = task.evaluate(setup)
    assert len(scores) == len(task.test()) == len(task.clusters())
    assert scores == pytest.approx([math.log2(258)] * len(scores), rel=1e-5)


def test_a_text_of_ones_own_is_scored_whole(make_task, tmp_path):
    lines = "".join(f"line {at} of a text\n" for at in range(200))
    (tmp_path / "play.txt").write_text(lines)
    task = make_task("text_generation", data={"test": str(tmp_path / "play.txt"), "train": None}, window_bytes=500)
    assert "".join(example["text"] for example in task.test()) == lines
    assert task.scored_from() == f"{len(task.test())} of {len(task.test())} windows of play.txt"
    with pytest.raises(NotApplicable, match=r"task\.data\.train=FILE"):
        task.train()
