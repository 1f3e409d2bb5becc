"""What others published about a technique beside what was measured here, as changes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from suite.analysis.published import PublishedEffect
from suite.report.charts import vega
from suite.report.charts.range_chart import Kind, Row, range_chart
from suite.report.prose.published_words import batch_range
from suite.report.prose.style import LOOKS
from suite.report.view_model import Entry, Group
from suite.text import numbers as text
from suite.text.i18n import N_, _, ngettext

MOST_OURS = 40
KINDS = {
    "ours": Kind(words=N_("this run, energy"), filled=True, colour="#2f7fd1", shape="circle", path=LOOKS["saves"].path),
    "energy": Kind(
        words=N_("published, energy"), filled=False, colour="#808080", shape="circle", path=LOOKS["saves"].path
    ),
    "time": Kind(
        words=N_("published, time"),
        filled=False,
        colour="#808080",
        shape="square",
        path=LOOKS["no-detectable-change"].path,
    ),
}


def published_chart(
    family: str, ours: Sequence[tuple[Group, Entry]], effects: Sequence[tuple[int, PublishedEffect]]
) -> vega.Chart | None:
    """The chart of one family of techniques; None where no published figure can be put as a change.

    Args:
        family: its key.
        ours: points with an energy ratio.
        effects: published figures with their numbers on the page.
    """
    theirs = [_theirs(number, effect) for number, effect in effects if effect.ratios]
    if not theirs or not ours:
        return None
    drawn = sorted(ours, key=lambda pair: (pair[1].label, pair[0].number))[:MOST_OURS]
    return range_chart(
        identifier=f"published-{family}",
        description=ngettext(
            "Change of energy of {ours} point of this run beside published changes, {theirs} in all. "
            "The tables below have every figure.",
            "Change of energy of {ours} points of this run beside published changes, {theirs} in all. "
            "The tables below have every figure.",
            len(drawn),
        ).format(ours=text.whole(len(drawn)), theirs=text.whole(len(theirs))),
        title=_("change against the baseline"),
        rows=[*(_ours(name, entry) for name, (_group, entry) in zip(_names(drawn), drawn, strict=True)), *theirs],
        kinds=KINDS,
        left_out=len(ours) - len(drawn),
    )


def _names(ours: Sequence[tuple[Group, Entry]]) -> list[str]:
    """Technique, task where there are several, and the batch size where two rows would have one name."""
    tasks = [group.name for group, _entry in ours]
    twins = Counter((entry.label, task) for (_group, entry), task in zip(ours, tasks, strict=True))
    names, is_many = [], len(set(tasks)) > 1
    for (_group, entry), task in zip(ours, tasks, strict=True):
        batch = _("batch {size}").format(size=entry.point.baseline_batch_size)
        apart = [batch] if twins[entry.label, task] > 1 else []
        names.append(", ".join([entry.label, *apart, *([task] if is_many else [])]))
    return names


def _ours(name: str, entry: Entry) -> Row:
    point = entry.point
    assert point.energy_ratio is not None
    return Row(
        label=name,
        kind="ours",
        dots=(point.energy_ratio,),
        low=point.energy_ratio_low,
        high=point.energy_ratio_high,
    )


def _theirs(number: int, effect: PublishedEffect) -> Row:
    words = _("published {number}, energy") if effect.measure == "energy" else _("published {number}, time")
    ratios, median = effect.ratios, effect.median_ratio
    is_range = len(ratios) > 1
    batch = [_("batch {size}").format(size=batch_range(effect))] if effect.batch_low else []
    return Row(
        label=", ".join([words.format(number=number), *batch]),
        kind=effect.measure,
        dots=ratios if median is None else (median,),
        low=min(ratios) if is_range else None,
        high=max(ratios) if is_range else None,
    )
