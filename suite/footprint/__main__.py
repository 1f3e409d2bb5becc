"""``python -m suite.footprint``: what the energy of a use means; a training against its use; a disclosure of a run."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.errors import InputError

CONF = Path(__file__).resolve().parents[2] / "conf"
EXPORT_OPTIONS = (
    "queries_per_day",
    "embodied_kg",
    "lifetime_years",
    "resource_share",
    "samples",
    "epochs",
    "training_type",
)
HELP = """\
Turns energy per query into kWh, CO2e, water and everyday things for a use, a grid and a data centre.

  python -m suite.footprint scenario=reports_1000 grid=lombardy
  python -m suite.footprint grid=us/california datacentre=google variant=median
  python -m suite.footprint energy=runs/NAME mitigation=int8_dynamic      energies and a technique of a run of ours
  python -m suite.footprint run=runs/NAME mitigation=[nf4,batch_size]     a stack's ratio on published energies
  python -m suite.footprint training=BLOOMz-7B queries_per_day=1e6        a training against its use
  python -m suite.footprint export=disclosure run=runs/NAME point_id=…    also sci and model_card

Every setting and its default: conf/footprint.yaml. Exit code: 0 done, 2 bad input.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    options = _parser().parse_intermixed_args(arguments)
    try:
        print(_places() if options.places else _answer(_settings(options.overrides), as_json=options.json))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m suite.footprint",
        description=HELP,
        epilog="choices:\n" + "\n".join(f"  {group}: {_stems(group)}" for group in ("scenario", "grid", "datacentre")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings of conf/footprint.yaml")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--places", action="store_true", help="list every grid that is known, and stop")
    return parser


def _stems(group: str) -> str:
    return ", ".join(sorted(path.stem for path in (CONF / group).glob("*.yaml")))


def _places() -> str:
    from suite.footprint.page import table
    from suite.footprint.place import all_places

    grids = all_places()
    return "\n".join(table([[each.name, f"{each.g_co2e_per_kwh:.1f} g CO2e/kWh", str(each.year)] for each in grids]))


def _settings(overrides: Sequence[str]) -> dict[str, Any]:
    """conf/footprint.yaml with the chosen scenario's yaml in it and the overrides applied."""
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from suite.footprint.scenario import scenario_file
    from suite.overrides import parse

    config = OmegaConf.load(CONF / "footprint.yaml")
    assert isinstance(config, DictConfig)
    chosen = {"scenario": config.scenario}
    for override in parse(overrides):
        if override.is_sweep_override():
            raise InputError("one value for each key here", got=override.input_line, remedy="call it once for each")
        chosen[override.get_key_element()] = override.value()
    name = str(chosen.pop("scenario"))
    config.scenario = OmegaConf.load(scenario_file(name))
    OmegaConf.set_struct(config, True)
    for tasks in (config.wh_per_query, config.scenario.queries_per_unit, config.scenario.run_tasks):
        OmegaConf.set_struct(tasks, False)  # any task may be added
    for key, value in chosen.items():
        try:
            OmegaConf.update(config, key, value)
        except OmegaConfBaseException as error:
            known = [*config, *(f"{group}.{name}" for group in ("scenario", "equivalence") for name in config[group])]
            raise InputError("unknown key", got=key, remedy=_nearest(key, known)) from error
    settings = OmegaConf.to_container(config, resolve=False)
    assert isinstance(settings, dict)
    return {str(key): value for key, value in settings.items()} | {"scenario_name": name}


def _nearest(wrong: str, known: Sequence[Any]) -> str:
    from suite.footprint.place import near_names

    return f"did you mean {near_names(wrong, map(str, known))[0]!r}? see conf/footprint.yaml"


def _answer(settings: dict[str, Any], *, as_json: bool) -> str:
    import msgspec

    from suite.footprint.assess import Request, assess
    from suite.footprint.document import document
    from suite.footprint.page import figures_page, page
    from suite.footprint.scenario import scenario_from

    try:
        request = msgspec.convert({key: settings[key] for key in Request.__struct_fields__}, Request)
    except msgspec.ValidationError as error:
        raise InputError("a setting is of the wrong kind", got=str(error), remedy="see conf/footprint.yaml") from error
    today = datetime.date.today()
    if settings["export"] is not None:
        return _export(settings, request, today.year)
    found: Any
    if settings["training"] is not None:
        found = _training(settings)
        text = figures_page(found)
    else:
        footprint = assess(request, scenario_from(settings["scenario_name"], settings["scenario"]), today.year)
        found, text = document(footprint), page(footprint)
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() if as_json else text


def _export(settings: dict[str, Any], request: Any, year: int) -> str:
    from suite.footprint.assess import place_of
    from suite.footprint.export import export

    if request.run is None:
        raise InputError("an export discloses a point of a run", got="no run", remedy="name it, run=runs/NAME")
    point_id = None if settings["point_id"] is None else str(settings["point_id"])
    baseline = None if point_id else "none"  # the id alone names the point
    return export(
        settings["export"],
        Path(request.run),
        site=place_of(request, year)[2],
        point_id=point_id,
        mitigation=request.technique or baseline,
        task=settings["task"],
        options={name: settings[name] for name in EXPORT_OPTIONS},
    ).rstrip()


def _training(settings: dict[str, Any]) -> dict[str, Any]:
    from suite.footprint.training import training_case
    from suite.footprint.training_use import parity_figures, query_of_case, training_of

    case = training_case(str(settings["training"]))
    figures: dict[str, Any] = dict(training_of(case))
    if case.kwh_per_query is None and settings["queries_per_day"] is None:
        return figures  # nothing is published of its use, and nothing was asked of it
    start = settings["use_from"]
    try:
        first_day = None if start is None else datetime.date.fromisoformat(str(start))
    except ValueError as error:
        raise InputError("use_from is no date", got=start, remedy="write 2026-01-31") from error
    query, rate = query_of_case(case), settings["queries_per_day"]
    uses = parity_figures(figures["training"], query, queries_per_day=rate, start=first_day)
    return figures | {"energy_per_query": query} | uses


if __name__ == "__main__":
    sys.exit(main())
