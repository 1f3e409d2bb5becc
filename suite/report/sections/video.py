"""Energy of videos over their length and steps, beside the published cost model."""

from __future__ import annotations

from typing import Any

from suite.analysis.run.video_scaling import EXPECTED_WITHIN, LONG, OverTokens, Step, over_steps, over_tokens
from suite.report.charts.scaling_chart import knob_words
from suite.report.sections.scaling import exponent
from suite.report.view_model import Report
from suite.stats.interval import Interval
from suite.text import numbers as text
from suite.text.i18n import N_, _

ORDER = 49
TITLE = N_("Video: length, resolution and steps")
QUADRATIC = {
    True: N_("the quadratic part is told from zero"),
    False: N_("the quadratic part is not told from zero"),
    None: N_("too few lengths for a quadratic part"),
}
SHORT, AS_MODELLED, OTHERWISE = N_("short: no finding"), N_("as modelled"), N_("not as modelled")


def context(report: Report) -> dict[str, Any] | None:
    """What was found over tokens and over steps; None where no videos were made."""
    lengths, steps = over_tokens(report.points), over_steps(report.points)
    if not lengths and not steps:
        return None
    return {
        "lengths": lengths,
        "steps": steps,
        "knob": knob_words,
        "exponent": exponent,
        "finding": finding,
        "quadratic": quadratic,
        "per_step": per_step,
        "straightness": lambda found: text.NOTHING if found is None else text.fixed(found, 4),
        "long": text.whole(LONG),
        "within": text.fixed(EXPECTED_WITHIN, 2),
    }


def finding(step: Step) -> str:
    """Whether a long video's exponent is the cost model's; a short one's is only shown."""
    if not step.is_long:
        return _(SHORT)
    return _(AS_MODELLED if step.is_as_modelled else OTHERWISE)


def quadratic(found: OverTokens) -> str:
    """Whether energy has a part that is quadratic in tokens."""
    return _(QUADRATIC[None if found.quadratic is None else found.is_quadratic])


def per_step(found: Interval | None) -> str:
    """Joules a step with their interval."""
    if found is None:
        return text.NOTHING
    ends = "" if found.low is None or found.high is None else f" [{text.energy(found.low)}, {text.energy(found.high)}]"
    return text.energy(found.estimate) + ends
