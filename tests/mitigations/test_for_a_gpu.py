"""Techniques that need a GPU: what can be known of them on a CPU. tests/gpu applies them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from suite.core.mitigation import Mitigation
from suite.errors import InputError, NotApplicable
from suite.mitigations.pruning.semi_structured_pruning import SemiStructuredPruning, pruned, two_of_four
from suite.mitigations.quantisation.float8 import Float8
from suite.mitigations.quantisation.int4_weight_only import Int4WeightOnly
from suite.mitigations.quantisation.int8_dynamic import Int8Dynamic
from suite.mitigations.quantisation.int8_quanto import Int8Quanto
from suite.mitigations.quantisation.int8_weight_only import Int8WeightOnly
from suite.toolkit import cuda_kernels, effect, layers
from suite.toolkit.dynamic_int8 import short_layers
from tests.fakes import admit, answers, fake_setup, tiny_gpt2, tiny_llama

INT4 = Int4WeightOnly(group_size=128, algorithm="tinygemm")
NEW: list[Mitigation] = [INT4, Float8(), SemiStructuredPruning()]
EAGER_TRAPS: list[Mitigation] = [
    Int8Dynamic(),
    Int8WeightOnly(),
    Int8Quanto(activations=False, calibration_samples=8),
]


def name_of(technique: Mitigation) -> str:
    return type(technique).__name__


def half(model: Any) -> Any:
    """A setup in bfloat16."""
    return fake_setup("generation", model=model.to(torch.bfloat16), dtype="bfloat16")


class TestRequirements:
    @pytest.mark.parametrize(
        ("technique", "reason"),
        [
            (INT4, r"needs device=cuda, here it is cpu: torch's int4 kernel"),
            (Float8(), r"needs device=cuda, here it is cpu: float8 products need tensor cores"),
            (SemiStructuredPruning(), r"needs device=cuda, here it is cpu: only NVIDIA's sparse tensor cores"),
        ],
        ids=["int4", "float8", "2:4"],
    )
    def test_a_cpu_is_refused_with_the_reason(self, technique: Mitigation, reason: str) -> None:
        with pytest.raises(NotApplicable, match=reason):
            admit(technique, fake_setup())

    @pytest.mark.parametrize(
        ("technique", "capability", "needed"),
        [(INT4, (7, 5), "8.0"), (Float8(), (8, 6), "8.9"), (SemiStructuredPruning(), (7, 5), "8.0")],
        ids=["int4", "float8", "2:4"],
    )
    def test_an_older_gpu_is_refused(self, technique: Mitigation, capability: tuple[int, int], needed: str) -> None:
        with pytest.raises(NotApplicable, match=f"needs compute capability {needed}"):
            admit(technique, fake_setup(device="cuda"), capability)

    @pytest.mark.parametrize("technique", NEW, ids=name_of)
    def test_training_is_refused(self, technique: Mitigation) -> None:
        with pytest.raises(NotApplicable, match="cannot be trained"):
            admit(technique, fake_setup(device="cuda", phase="training"), (9, 0))

    @pytest.mark.parametrize("technique", NEW, ids=name_of)
    def test_float32_is_refused_with_the_remedy(self, technique: Mitigation) -> None:
        with pytest.raises(NotApplicable, match=r"the model is in float32: give dtype=bfloat16"):
            technique.apply(fake_setup())


class TestShapes:
    def test_int4_refuses_inputs_that_the_packing_would_pad(self) -> None:
        model = tiny_llama(hidden_size=1024, intermediate_size=1536, num_hidden_layers=1)
        # of the seven layers of the block only down_proj has 1536 inputs
        with pytest.raises(NotApplicable, match=r"1 of 7 .*multiples of 1024 .*down_proj, 1024 x 1536\): .*pad"):
            INT4.apply(half(model))

    def test_int4_refuses_inputs_that_its_groups_do_not_divide(self) -> None:
        with pytest.raises(NotApplicable, match=r"multiples of 128 .*q_proj, 32 x 32\): .*without a word"):
            INT4.apply(half(tiny_llama()))

    def test_float8_refuses_a_side_that_is_no_multiple_of_16(self) -> None:
        with pytest.raises(NotApplicable, match=r"outputs in multiples of 16 .*gate_proj, 72 x 32\)"):
            Float8().apply(half(tiny_llama(intermediate_size=72)))

    def test_sparse_kernels_refuse_a_shape_that_they_do_not_know(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.backends.cusparselt, "is_available", lambda: True)
        with pytest.raises(NotApplicable, match=r"multiples of 16 .*gate_proj, 72 x 32\): cusparselt has no"):
            SemiStructuredPruning().apply(half(tiny_llama(intermediate_size=72)))

    def test_without_cusparselt_fewer_shapes_are_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.backends.cusparselt, "is_available", lambda: False)
        with pytest.raises(NotApplicable, match=r"outputs in multiples of 32 and inputs in multiples of 64 .*cutlass"):
            SemiStructuredPruning().apply(half(tiny_llama()))

    @pytest.mark.parametrize("values", [{"group_size": 100}, {"group_size": True}, {"algorithm": "gptq"}], ids=str)
    def test_int4_refuses_values_that_its_kernel_does_not_know(self, values: dict[str, Any]) -> None:
        with pytest.raises(InputError, match=rf"int4_weight_only\.{next(iter(values))} is unknown"):
            Int4WeightOnly(**({"group_size": 128, "algorithm": "hqq"} | values))


class TestTwoOfFour:
    def test_the_two_largest_of_each_four_inputs_stay(self) -> None:
        weight = torch.tensor(
            [[0.1, -3.0, 2.0, 0.5, -1.0, 0.9, 0.0, -0.95], [4.0, 3.0, 2.0, 1.0, -1.0, -2.0, -3.0, -4.0]]
        )
        wanted = [[0.0, -3.0, 2.0, 0.0, -1.0, 0.0, 0.0, -0.95], [4.0, 3.0, 0.0, 0.0, 0.0, 0.0, -3.0, -4.0]]
        assert torch.equal(pruned(weight), torch.tensor(wanted))

    def test_equal_weights_still_lose_exactly_two(self) -> None:
        assert two_of_four(torch.ones(3, 8)).unflatten(-1, (-1, 4)).sum(dim=-1).tolist() == [[2, 2]] * 3

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
    def test_half_of_all_weights_stay_as_they_were(self, dtype: torch.dtype) -> None:
        weight = torch.randn(16, 64, generator=torch.Generator().manual_seed(0)).to(dtype)
        kept = two_of_four(weight)
        assert (kept.unflatten(-1, (-1, 4)).sum(dim=-1) == 2).all()
        assert torch.equal(pruned(weight)[kept], weight[kept])
        assert pruned(weight).dtype == dtype

    def test_a_model_pruned_twice_is_pruned_once(self) -> None:
        weight = torch.randn(16, 64, generator=torch.Generator().manual_seed(0))
        assert torch.equal(pruned(pruned(weight)), pruned(weight))

    def test_the_dense_model_with_the_zeros_is_scored(self) -> None:
        """What the sparse kernels answer with, on a CPU: other answers than the whole model's, and finite ones."""
        setup = fake_setup()
        masked = setup.replace(model=layers.editable_copy(setup))
        for layer in layers.linears(masked.model).values():
            layer.weight.data = pruned(layer.weight.data)
        in_head = setup.model.classifier.weight.numel()
        in_linears = sum(layer.weight.numel() for layer in setup.model.modules() if isinstance(layer, nn.Linear))
        in_patches = 32 * 1 * 2 * 2  # the convolution that cuts the image into patches stays whole
        wanted = 0.5 * (in_linears - in_head) / (in_linears + in_patches)
        assert effect.snapshot(masked)["sparsity"] == pytest.approx(wanted)
        assert not torch.equal(answers(masked), answers(setup))
        assert len(masked.task.evaluate(masked)) == len(masked.task.test())


class TestEagerTraps:
    @pytest.mark.parametrize("technique", EAGER_TRAPS, ids=name_of)
    def test_eager_on_cuda_is_refused_with_the_remedy(self, technique: Mitigation) -> None:
        with pytest.raises(NotApplicable, match=r"in eager mode on CUDA .*: give runtime=compiled"):
            technique.apply(fake_setup(device="cuda"))

    @pytest.mark.parametrize(("device", "runtime"), [("cuda", "compiled"), ("cpu", "eager"), ("cpu", "compiled")])
    def test_compiled_or_on_a_cpu_it_is_not(self, device: str, runtime: str) -> None:
        cuda_kernels.require_compiled(SimpleNamespace(device=device, runtime=runtime), "it is slow")  # type: ignore[arg-type]


class TestRowsOfInt8Dynamic:
    @pytest.mark.parametrize(("model", "batch_size"), [(tiny_llama, 1), (tiny_llama, 16), (tiny_gpt2, 16)])
    def test_generation_in_small_batches_is_refused(self, model: Any, batch_size: int) -> None:
        setup = fake_setup("generation", model=model(), batch_size=batch_size)
        with pytest.raises(NotApplicable, match=rf"more than 16 rows.*above 16 \(it is {batch_size}\)"):
            short_layers(setup)

    def test_generation_with_17_rows_is_not(self) -> None:
        assert short_layers(fake_setup("generation", batch_size=17)) == set()

    def test_a_pooler_that_sees_one_row_a_query_stays_as_it_is(self) -> None:
        assert short_layers(fake_setup("text", batch_size=2)) == {"bert.pooler.dense"}

    def test_short_texts_one_at_a_time_are_refused(self) -> None:
        """Twelve tokens a text: one text has too few rows, two have 24."""
        with pytest.raises(NotApplicable, match=r"a query may have 12: raise batch_size above 1 \(it is 1\)"):
            short_layers(fake_setup("text", batch_size=1))

    def test_an_image_has_rows_enough_alone(self) -> None:
        """Sixteen patches and the class token."""
        assert short_layers(fake_setup("image", batch_size=1)) == set()

    def test_no_hook_is_left_behind(self) -> None:
        setup = fake_setup("text")
        short_layers(setup)
        assert not any(part._forward_pre_hooks for part in setup.model.modules())


class Packed(torch.Tensor):
    """A weight of eight 4-bit integers an int32, wrapped as torchao does."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor, shape: tuple[int, int]) -> Packed:
        made: Packed = torch.Tensor._make_wrapper_subclass(cls, shape, dtype=torch.bfloat16)  # type: ignore[attr-defined]
        made.inner = inner
        return made

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["inner"], None

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.detach.default:
            return cls(args[0].inner, args[0].shape)
        raise NotImplementedError(func)


class TestSnapshot:
    def test_weights_packed_in_wider_integers_are_named_by_their_bits(self) -> None:
        model = nn.Linear(64, 32, bias=False)
        model.weight = nn.Parameter(Packed(torch.zeros(4, 64, dtype=torch.int32), (32, 64)), requires_grad=False)
        seen = effect.snapshot(fake_setup(model=model))
        assert (seen["dtypes"], seen["parameters"], seen["bytes"]) == ({"int4": 1.0}, 2048, 1024)
        assert (seen["quantised_share"], seen["sparsity"]) == (1.0, None)

    def test_zeros_of_8_bit_floats_are_counted(self) -> None:
        model = nn.Linear(2, 2, bias=False)
        values = torch.tensor([[0.0, 1.0], [-2.0, -0.0]]).to(torch.float8_e4m3fn)
        model.weight = nn.Parameter(values, requires_grad=False)
        assert effect.snapshot(fake_setup(model=model))["sparsity"] == 0.5
