"""``python -m suite.footprint``: what the energy of a use means; a training against its use; a disclosure of a run."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite import cli
from suite.errors import InputError
from suite.footprint.settings import EXPORT_OPTIONS, mode_of, refuse_unread
from suite.io.paths import CONF

HELP = """\
Turns energy per query into kWh, CO2e, water and everyday things for a use, a grid and a data centre.

  python -m suite.footprint                                               1,000 reports in Lombardy, as published
  python -m suite.footprint scenario=reports_1000 grid=italy
  python -m suite.footprint grid=us/california datacentre=google variant=median
  python -m suite.footprint energy=runs/NAME                              a run's energies beside the published ones
  python -m suite.footprint energy=runs/NAME mitigation=int8_dynamic      and a technique of that run
  python -m suite.footprint run=runs/NAME mitigation=[nf4,batch_size]     a stack's ratio on published energies
  python -m suite.footprint training=BLOOMz-7B queries_per_day=1e6        a training against its use
  python -m suite.footprint export=disclosure run=runs/NAME point_id=… grid=italy    also sci and model_card

Every setting and its default: conf/footprint.yaml. Exit code: 0 done, 2 bad input.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    return cli.run(_parser(), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    print(_places() if options.places else _answer(_settings(options.overrides), as_json=options.json))
    return 0


def _parser() -> argparse.ArgumentParser:
    groups = ("scenario", "grid", "datacentre")
    choices = "choices:\n" + "\n".join(f"  {group}: {_stems(group)}" for group in groups)
    parser = cli.parser("suite.footprint", HELP, choices)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings of conf/footprint.yaml")
    cli.add_json(parser)
    parser.add_argument("--places", action="store_true", help="list every grid that is known, and stop")
    return parser


def _stems(group: str) -> str:
    return ", ".join(sorted(path.stem for path in (CONF / group).glob("*.yaml")))


def _places() -> str:
    from suite.carbon.place import all_places
    from suite.footprint.exports.text_page import table

    grids = all_places()
    return "\n".join(table([[each.name, f"{each.g_co2e_per_kwh:.1f} g CO2e/kWh", str(each.year)] for each in grids]))


def _settings(overrides: Sequence[str]) -> dict[str, Any]:
    """conf/footprint.yaml with the chosen scenario's yaml in it and the overrides applied."""
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from suite.config.overrides import parse
    from suite.footprint.scenario import scenario_file

    config = OmegaConf.load(CONF / "footprint.yaml")
    assert isinstance(config, DictConfig)
    given: dict[str, Any] = {}
    for override in parse(overrides):
        if override.is_sweep_override():
            raise InputError("one value for each key here", got=override.input_line, remedy="call it once for each")
        given[override.get_key_element()] = override.value()
    chosen = {"scenario": config.scenario} | given
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
    refuse_unread({str(key): value for key, value in settings.items()}, given)
    return {str(key): value for key, value in settings.items()} | {"scenario_name": name}


def _nearest(wrong: str, known: Sequence[Any]) -> str:
    from suite.text.suggest import did_you_mean

    return f"{did_you_mean(wrong, map(str, known))}see conf/footprint.yaml"


def _answer(settings: dict[str, Any], *, as_json: bool) -> str:
    import msgspec
    import yaml

    from suite.carbon.setting_errors import wrong_kind
    from suite.footprint.assess import Request, assess
    from suite.footprint.exports.json_document import document
    from suite.footprint.exports.text_page import page
    from suite.footprint.scenario import scenario_from

    try:
        request = msgspec.convert({key: settings[key] for key in Request.__struct_fields__}, Request)
    except msgspec.ValidationError as error:
        raise wrong_kind(error, settings, "a setting is of the wrong kind") from error
    today, mode = datetime.date.today(), mode_of(settings)
    found: Any
    if mode == "export=":
        text = _export(settings, request, today.year, as_json=as_json)
        found = yaml.safe_load(text) if as_json else None
    elif mode == "training=":
        found, text = _training(settings, today.year)
    else:
        footprint = assess(request, scenario_from(settings["scenario_name"], settings["scenario"]), today.year)
        found, text = document(footprint), page(footprint)
    return cli.as_json(found) if as_json else text


def _export(settings: dict[str, Any], request: Any, year: int, *, as_json: bool) -> str:
    from suite.footprint.assess import place_of
    from suite.footprint.exports.dispatch import export

    if as_json and settings["export"] == "disclosure":
        raise InputError("export=disclosure cannot be JSON", got="--json", remedy="it is Markdown; drop --json")
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
        note=_warn,
    ).rstrip()


def _warn(line: str) -> None:
    print(f"warning: {line}", file=sys.stderr)


def _training(settings: dict[str, Any], year: int) -> tuple[dict[str, Any], str]:
    """A training against its use, as an object and as a page."""
    from suite.footprint.exports.text_page import figures_page
    from suite.footprint.training_case import training_case
    from suite.footprint.training_use import own_figure, parity_figures, query_of_case, training_of

    if settings["training"] is not None and settings["training_kwh"] is not None:
        got = (settings["training"], settings["training_kwh"])
        raise InputError("a published training and your own at once", got=got, remedy="give training= or training_kwh=")
    case = None if settings["training"] is None else training_case(str(settings["training"]))
    figures: dict[str, Any]
    if case is None:
        figures = {"training": own_figure("training_kwh", settings["training_kwh"], "kWh", year)}
    else:
        figures = dict(training_of(case))
    own, rate = settings["kwh_per_query"], settings["queries_per_day"]
    if own is not None:
        query = own_figure("kwh_per_query", own, "kWh per query", year)
    elif case is not None and (case.kwh_per_query is not None or rate is not None):
        query = query_of_case(case)
    elif case is None:
        raise InputError("your own training needs a use", got="no kwh_per_query", remedy="give kwh_per_query=0.0001")
    else:
        query = None  # nothing is published of its use, and nothing was asked of it
    if query is not None:
        uses = parity_figures(figures["training"], query, queries_per_day=rate, start=_first_day(settings["use_from"]))
        figures |= {"energy_per_query": query} | uses
    notes = [] if case is None else [case.doubt]
    names = {"training": "training and fine-tuning"} if case and case.finetuning_kwh else {}
    return figures | {"notes": notes}, figures_page(figures, names, notes)


def _first_day(start: object) -> datetime.date | None:
    try:
        return None if start is None else datetime.date.fromisoformat(str(start))
    except ValueError as error:
        raise InputError("use_from is no date", got=start, remedy="write 2026-01-31") from error


if __name__ == "__main__":
    sys.exit(main())
