"""Synthetic videos: the law that was put in is found, and compared with the published one."""

import msgspec
import pytest

from suite.analysis.run.video_scaling import over_steps, over_tokens
from suite.analysis.summary import summarise
from suite.analysis.video_cost import VideoTransformer
from tests.synthetic import record, windows

SIZES = {"num_attention_heads": 4, "attention_head_dim": 32, "ffn_dim": 512, "num_layers": 4, "patch_size": [1, 2, 2]}
ARCHITECTURE = {"model_type": "video_denoiser", "frame_stride": 4, "pixel_stride": 8, "transformer": SIZES}
DIT = VideoTransformer(width=128, layers=4, mlp_ratio=4, text_tokens=16, calls_per_step=1)
FRAMES = (9, 17, 33, 65, 129)


def video(joules, noise=(1.0, 1.0, 1.0, 1.0), **settings):
    task = {"name": "video_generation", "height": 256, "width": 256, "frames": 17, "steps": 2}
    task |= {"prompt_tokens": 16, "calls_per_step": 1} | settings
    task["query"] = f"one video of {task['frames']} frames, {task['height']} high, in {task['steps']} steps"
    made = record(mitigations=(), run_windows=windows(noise, baseline_j=joules))
    label = "video_generation[" + ",".join(f"{key}={value}" for key, value in settings.items()) + "]"
    point = msgspec.structs.replace(made.point, task=label)
    config = made.config | {"task": task, "model": {"name": "m", "architecture": ARCHITECTURE}}
    return msgspec.structs.replace(made, point=point, point_id=point.point_id, config=config)


def points(*records):
    return summarise("run", records, 475.0)


def modelled(frames):
    return 1e-9 * DIT.flop(DIT.tokens_made(frames, 256, 256), 2)


def test_energy_after_the_cost_model_has_its_exponents_and_a_quadratic_part():
    (found,) = over_tokens(points(*(video(modelled(frames), frames=frames) for frames in FRAMES)))
    assert found.tokens == (768, 1280, 2304, 4352, 8448)
    assert [step.measured.estimate for step in found.steps] == pytest.approx([s.modelled for s in found.steps])
    assert all(step.is_as_modelled for step in found.steps)
    assert [step.is_long for step in found.steps] == [False, False, True, True]
    assert found.is_quadratic
    assert found.quadratic.estimate == pytest.approx(1e-9 * 2 * 4 * 4 * 128)  # steps · layers · 4 d a squared token


def test_energy_that_grows_linearly_is_not_called_quadratic():
    uneven = (1.01, 0.99, 1.01, 0.99, 1.01)
    linear = [video(1e-3 * DIT.tokens_made(f, 256, 256) * by, frames=f) for f, by in zip(FRAMES, uneven, strict=True)]
    (found,) = over_tokens(points(*linear))
    assert not found.is_quadratic
    last = found.steps[-1]
    assert last.measured.estimate == pytest.approx(1, abs=0.05)
    assert not last.is_as_modelled  # the model says 1.87


def test_height_is_a_length_as_well():
    (found,) = over_tokens(points(*(video(float(height), height=height) for height in (64, 128, 256, 512))))
    assert found.family.knob == "height"
    assert found.tokens == (320, 640, 1280, 2560)


def test_energy_proportional_to_steps_is_a_line():
    (found,) = over_steps(points(*(video(0.5 * steps + 0.1, steps=steps) for steps in (1, 2, 4, 8))))
    assert found.joules_per_step.estimate == pytest.approx(0.5)
    assert found.r_squared == pytest.approx(1.0)


def test_two_lengths_have_an_exponent_but_no_fit():
    (found,) = over_tokens(points(video(1.0, frames=33), video(2.0, frames=65)))
    assert found.quadratic is None
    assert not found.is_quadratic
    assert len(found.steps) == 1


def test_other_tasks_have_no_tokens_of_video():
    made = points(*(record(mitigations=(), batch_size=size, run_windows=windows([1.0] * 4)) for size in (1, 2, 4)))
    assert over_tokens(made) == []
    assert over_steps(made) == []
