"""The words that the page's scripts write, in the reader's language; fields stand in braces."""

from __future__ import annotations

from suite.text.i18n import _


def script_words() -> dict[str, str]:
    """Each by the key that the scripts know it by."""
    return {
        # The accuracy gate.
        "gate_moved": _("At a loss of up to {gate} {unit} instead of the margin of {margin} {unit}."),
        "gate_refused": _("Not taken: give a number, {hint}."),
        "by_itself": _("by itself: {verdict}"),
        # Charts and commands.
        "save_svg": _("Save as SVG"),
        "save_png": _("Save as PNG"),
        "copy": _("Copy the command"),
        "copied": _("Copied"),
        "not_copied": _("The browser does not allow it: select the command and copy it"),
        "rows_shown": _("shown: {shown} of {total}"),
        "windows_chart": _("Energy per query of each window, by block: baseline and technique"),
        "block": _("block"),
        "baseline": _("baseline"),
        "technique": _("technique"),
        "energy_per_query": _("energy per query, {unit}"),
        # The what-if section.
        "energy_hardware": _("energy of the hardware"),
        "energy_datacentre": _("energy with the data centre"),
        "water_on_site": _("water on site"),
        "water_off_site": _("water off site"),
        "not_known": _("not known"),
        "give_number": _("{name}: give a number of {least} or more."),
        "without": _("without"),
        "without_technique": _("without a technique"),
        "change": _("change"),
        "kind": _("kind of figure"),
        "what_if_without": _("{energy} and {carbon} CO₂e {period}, without a technique."),
        "what_if_with": _("{energy} and {carbon} CO₂e {period}, with a technique."),
        "energy": _("energy"),
        "grid": _("grid"),
        "ratio_of_run": _("{year}: paired ratio of this run, {ratio}"),
        "ratio_no_interval": _("{year}: paired ratio of this run, {ratio}, without an interval"),
        "own_grid": _("{grams} g CO₂e/kWh, not checked"),
        "known_grid": _("{year}: {place}, location-based; {source}"),
        "not_checked": _("{value}, not checked"),
        "water_of_place": _("{litres} L/kWh of {place}: {source}"),
        "measured": _("measured"),
        "estimated": _("estimated"),
        "modelled": _("modelled"),
        "published": _("published"),
        "yours": _("yours"),
    }
