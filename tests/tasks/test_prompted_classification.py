import dataclasses
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from suite.errors import InputError, NotApplicable
from suite.scoring.causal import IGNORED
from suite.tasks.prompted_classification import label_in

END = 256


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("prompted_classification", max_scored=20)


def byte_tokenizer(**changes):
    """One token a byte; the last id starts, ends and pads."""
    symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({symbol: number for number, symbol in enumerate(symbols)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fields = {"eos_token": "<end>", "pad_token": "<end>", "model_input_names": ["input_ids", "attention_mask"]}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{**fields, **changes})


def tiny_llama(positions=512):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=257,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=positions,
        eos_token_id=END,
        pad_token_id=END,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config)


class Answering:
    """A model that reads the prompt back and writes what a test wants."""

    def __init__(self, tokenizer, answer):
        self.tokenizer, self.answer = tokenizer, answer
        self.config = SimpleNamespace(max_position_embeddings=512)
        self.config.get_text_config = lambda: self.config

    def generate(self, input_ids, attention_mask, max_new_tokens, **options):
        prompts = self.tokenizer.batch_decode(input_ids, skip_special_tokens=True)
        rows = [self.tokenizer(self.answer(prompt))["input_ids"][:max_new_tokens] for prompt in prompts]
        longest = max(map(len, rows))
        made = torch.tensor([row + [END] * (longest - len(row)) for row in rows])
        return torch.cat([input_ids, made], dim=1)


def test_its_items_and_queries_are_those_of_the_task_it_asks(task, make_task):
    other = make_task("text_classification", max_scored=20)
    assert task.test() == other.test()
    assert task.queries() == other.queries()
    assert task.clusters() == other.clusters()
    assert task.as_task_specific().name == "text_classification"


def test_an_own_file_reaches_the_task_it_asks(make_task, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("text,label\n" + "".join(f"good {n},yes\nbad {n},no\n" for n in range(20)), "utf-8")
    task = make_task("prompted_classification", data={"test": str(file), "train": None}, prompt="{text} {labels}?")
    assert {example["label"] for example in task.test()} == {"yes", "no"}


def test_an_answer_is_right_where_it_begins_with_the_label(task, make_setup):
    labels = {example["text"]: example["label"] for example in task.test()}
    right = Answering(byte_tokenizer(), lambda prompt: f" {labels[prompt.partition(chr(10))[0]]}\n")
    asked = make_setup(task, right, byte_tokenizer())
    assert task.score(asked, task.test()) == [0.0] * 20  # two tokens a byte each: a space and half of the label
    long = dataclasses.replace(task, new_tokens=6)
    assert long.score(make_setup(long, right, byte_tokenizer()), task.test()) == [1.0] * 20
    wrong = Answering(byte_tokenizer(), lambda prompt: " nothing")
    assert long.score(make_setup(long, wrong, byte_tokenizer()), task.test()) == [0.0] * 20


@pytest.mark.parametrize(
    ("answer", "label"),
    [(" it\n", "it"), ("IT", "it"), ("italian", None), ("fil, say", "fil"), ("fi", "fi"), ("", None), (" xx", None)],
)
def test_a_label_is_a_whole_word_at_the_beginning(answer, label):
    assert label_in(answer, ["it", "fi", "fil"]) == label


def test_a_long_text_is_cut_and_the_prompt_around_it_stays(task, make_setup):
    setup = make_setup(task, tiny_llama(positions=32), byte_tokenizer())
    (row,) = task.batch(setup, [{"text": "a" * 100, "label": "it"}])["input_ids"].tolist()
    assert len(row) == 32 - task.new_tokens
    assert byte_tokenizer().decode(row, skip_special_tokens=True).endswith("a\nLanguage:")


def test_the_loss_is_of_the_answer_alone(task, make_setup):
    setup = make_setup(task, tiny_llama(), byte_tokenizer())
    batch = task.training_batch(setup, [{"text": "Italia", "label": "it"}, {"text": "Alt", "label": "fil"}])
    kept = [[token for token in row if token != IGNORED] for row in batch["labels"].tolist()]
    assert [byte_tokenizer().decode(row) for row in kept] == [" it<end>", " fil<end>"]
    logits, targets = task.logits(setup.model, batch)
    assert logits.shape[0] == len(targets) == 4 + 5


def test_a_query_makes_as_many_tokens_as_it_says(task, make_setup):
    setup = make_setup(task, tiny_llama(), byte_tokenizer())
    assert task.run(setup, task.batch(setup, task.test()[:3])) == 3 * task.new_tokens
    assert task.with_new_tokens(1).answer_tokens() == 1


def test_a_model_without_a_tokenizer_is_asked_random_ids_and_not_scored(task, make_setup):
    setup = make_setup(task, tiny_llama(), None, random_weights=True)
    assert task.batch(setup, task.test()[:2])["input_ids"].shape == (2, task.random_tokens)
    with pytest.raises(NotApplicable, match="without a tokenizer"):
        task.score(setup, task.test())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": "Language:"}, r"task.prompt must hold \{text\}.*'Language:'"),
        ({"new_tokens": 0}, "task.new_tokens must be a whole number of at least 1"),
        ({"random_tokens": 0}, "task.random_tokens must be a whole number of at least 1"),
    ],
)
def test_a_prompt_that_cannot_be_is_refused(make_task, changes, message):
    with pytest.raises(Exception, match=message) as caught:
        make_task("prompted_classification", **changes)
    assert isinstance(caught.value.__cause__ or caught.value, InputError)


def test_a_model_that_the_prompt_does_not_fit_in_is_refused(task):
    with pytest.raises(InputError, match="the model has 8 positions, too few"):
        task.check_model(tiny_llama(positions=8), byte_tokenizer())
