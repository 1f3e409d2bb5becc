from __future__ import annotations

from typing import Any

import pytest
import torch

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NoEffect, NotApplicable
from suite.mitigations.batch_and_precision.autocast_bf16 import AutocastBf16
from suite.mitigations.batch_and_precision.bf16 import Bf16
from suite.mitigations.batch_and_precision.fp16 import Fp16
from suite.mitigations.optimised_hardware.tf32 import Tf32, probe_product, tf32_products
from suite.mitigations.quantisation.int8_dynamic import Int8Dynamic
from suite.toolkit import effect
from tests.fakes import admit, answers, fake_setup


@pytest.mark.parametrize(("technique", "dtype"), [(Bf16(), "bfloat16"), (Fp16(), "float16")])
@pytest.mark.parametrize("kind", ["image", "text", "generation"])
def test_whole_model_answers_in_the_dtype(technique: Mitigation, dtype: str, kind: Any) -> None:
    changed = technique.apply(fake_setup(kind))
    assert changed.dtype == dtype
    assert answers(changed).dtype == changed.torch_dtype


@pytest.mark.parametrize("technique", [Bf16(), Fp16()])
def test_whole_model_halves_the_weights_bytes(technique: Mitigation) -> None:
    setup = fake_setup()
    seen = technique.proof(setup, technique.apply(setup))
    assert seen["after"]["bytes"] * 2 == seen["before"]["bytes"]
    assert seen["linear_outputs"] == {seen["after"]["dtype"]: 25}  # 4 layers of 6, and the head


def test_rotary_frequencies_keep_their_precision() -> None:
    setup = fake_setup("generation")
    kept = Bf16().apply(setup).model.model.rotary_emb.inv_freq
    assert torch.equal(kept, setup.model.model.rotary_emb.inv_freq)
    assert kept.dtype == torch.float32


@pytest.mark.parametrize(
    ("technique", "dtype"),
    [(Bf16(), "bfloat16"), (Fp16(), "float16"), (AutocastBf16(), "bfloat16"), (Tf32(), "bfloat16")],
)
def test_precision_already_in_force_or_absent_is_not_applicable(technique: Mitigation, dtype: str) -> None:
    setup = fake_setup(dtype=dtype)
    setup.model.to(setup.torch_dtype)
    with pytest.raises(NotApplicable):
        technique.apply(setup)


@pytest.mark.parametrize("technique", [Bf16(), Fp16(), AutocastBf16()])
def test_quantised_models_are_not_applicable(technique: Mitigation) -> None:
    with pytest.raises(NotApplicable, match="quantised already"):
        technique.apply(Int8Dynamic().apply(fake_setup()))


def test_fp16_is_not_for_training_without_loss_scaling() -> None:
    with pytest.raises(NotApplicable, match="loss scaling"):
        admit(Fp16(), fake_setup(phase="training"))


def test_int8_after_bf16_stays_in_bf16() -> None:
    stacked = Int8Dynamic().apply(Bf16().apply(fake_setup()))
    assert answers(stacked).dtype == torch.bfloat16
    assert effect.snapshot(stacked)["quantised_share"] > 0.9


class TestAutocast:
    def test_products_are_bf16_and_weights_stay_float32(self) -> None:
        setup = fake_setup()
        seen = AutocastBf16().proof(setup, AutocastBf16().apply(setup))
        assert seen["linear_outputs"] == {"bfloat16": 25}
        assert seen["after"]["dtypes"] == {"float32": 1.0}

    def test_the_model_is_shared_not_copied(self) -> None:
        setup = fake_setup()
        assert AutocastBf16().apply(setup).model is setup.model

    def test_earlier_contexts_stay(self) -> None:
        setup = fake_setup(contexts=(torch.no_grad,))
        assert AutocastBf16().apply(setup).contexts[0] is torch.no_grad

    def test_twice_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="autocast is on already"):
            AutocastBf16().apply(AutocastBf16().apply(fake_setup()))

    def test_training_steps_in_one_context_use_the_weights_of_now(self) -> None:
        """With torch's cache of cast weights on, the second step would still multiply by the first step's weights."""
        once, each = losses(steps_per_context=3), losses(steps_per_context=1)
        assert once == each
        assert once[0] > max(once[1:])  # and with these weights its loss would be the first's again


def losses(steps_per_context: int) -> list[float]:
    """Losses of three training steps under autocast, with a context for so many of them."""
    setup = AutocastBf16().apply(fake_setup(phase="training"))
    batch = setup.task.training_batch(setup, list(setup.task.train()))
    optimizer = torch.optim.SGD(setup.model.parameters(), lr=0.05)
    found = []
    for _ in range(3 // steps_per_context):
        with setup.active():
            for _ in range(steps_per_context):
                loss = setup.task.loss(setup.model, batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                found.append(float(loss.detach()))
    return found


class TestTf32:
    def test_a_cpu_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="NVIDIA"):
            admit(Tf32(), fake_setup())

    def test_an_old_gpu_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match=r"this GPU has 7\.5"):
            admit(Tf32(), fake_setup(device="cuda"), capability=(7, 5))

    def test_a_new_gpu_is_admitted(self) -> None:
        setup = fake_setup(device="cuda")
        assert admit(Tf32(), setup, capability=(8, 0)) is setup

    def test_a_gpu_gets_the_context(self) -> None:
        assert Tf32().apply(fake_setup(device="cuda")).contexts == (tf32_products,)

    def test_the_switch_is_on_inside_and_restored_outside(self) -> None:
        before = torch.backends.cuda.matmul.fp32_precision
        with tf32_products():
            assert torch.backends.cuda.matmul.fp32_precision == "tf32"
        assert torch.backends.cuda.matmul.fp32_precision == before

    def test_already_on_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="on already"):
            Tf32().apply(fake_setup(device="cuda", contexts=(tf32_products,)))

    def test_a_probe_product_that_does_not_move_is_no_effect(self) -> None:
        """On a CPU the switch is without effect, and the probe says so."""
        setup = fake_setup()
        with pytest.raises(NoEffect, match="same result"):
            Tf32().proof(setup, setup.replace(contexts=(tf32_products,)))

    def test_the_probe_is_one_fixed_product(self) -> None:
        setup: Setup = fake_setup()
        assert torch.equal(probe_product(setup), probe_product(setup))

    @pytest.mark.gpu
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    def test_on_a_gpu_the_probe_product_moves(self) -> None:
        setup = fake_setup(device="cuda")
        setup.model.cuda()
        assert Tf32().proof(setup, Tf32().apply(setup))["probe_product_difference"] > 0
