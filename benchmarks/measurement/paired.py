"""Windows of both arms in alternating blocks, as a point takes them."""

from __future__ import annotations

from suite.core.meter import OpenMeter
from suite.core.protocol import Protocol
from suite.measure.block_limits import UNLIMITED
from suite.measure.blocks import Comparison, PairedWindows, measure_blocks
from suite.measure.compilation import CompileWatch
from suite.measure.draft import Draft
from suite.measure.observer import Nobody
from suite.measure.residency import Residency
from suite.measure.window_plan import WindowPlan
from suite.measure.windows import ReadyArm
from suite.record.schema import Arm, Window


def paired_windows(arms: dict[Arm, ReadyArm], plan: WindowPlan, protocol: Protocol, meter: OpenMeter) -> list[Window]:
    """Blocks until ``protocol`` is content; both arms stay on the device."""
    seconds_per_query = dict.fromkeys(arms, 1.0)  # what is left to do is of no interest here
    comparison = Comparison(
        whole=PairedWindows(arms=arms, plan=plan, seconds_per_query=seconds_per_query),
        protocol=protocol,
        meter=meter,
        residency=Residency({name: arm.setup for name, arm in arms.items()}, swapped=False),
        compile_watch=CompileWatch(),
        limits=UNLIMITED,
    )
    draft = Draft(plan=None)  # type: ignore[arg-type]  # the windows alone are wanted: no record is made of it
    measure_blocks(comparison, draft, Nobody())
    return draft.windows
