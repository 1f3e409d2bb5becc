"""Resolved configuration to a plan: every component built from conf, every value checked."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any, cast

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import OmegaConf

from suite.checkpoints import locations
from suite.checkpoints.model_spec import ModelSpec
from suite.config.other_models import as_shipped, params_of, places_of, with_models
from suite.config.plan import Plan
from suite.config.served import of_servers, served_point
from suite.core import checks
from suite.core.device_map import WAYS
from suite.core.meter import Meter
from suite.core.mitigation import Mitigation
from suite.core.own_data import OwnSplits, own_data
from suite.core.protocol import Protocol
from suite.core.runtime import Runtime
from suite.core.setup import DTYPES
from suite.core.task import Task
from suite.core.workload import Workload
from suite.endpoint.served_model import Endpoints
from suite.endpoint.served_workload import ServedWorkload
from suite.errors import InputError, NotApplicable
from suite.io.paths import CONF
from suite.machine.which_device import device_meant
from suite.record.hashing import fingerprint, without_idle
from suite.record.schema import MitigationUse, Point
from suite.text.suggest import beside


def plan_of(config: dict[str, Any], labels: dict[str, str]) -> Plan:
    """Builds the components that ``config`` names, to be measured on this machine.

    Args:
        config: resolved, as plain containers.
        labels: what the point calls its task, model and workload (a name, and what the user changed in it).

    Raises:
        InputError: a value is out of range or does not fit another.
    """
    return plan_on(device_meant(config["device"]), config, labels)


def plan_on(device: str, config: dict[str, Any], labels: dict[str, str]) -> Plan:
    """As ``plan_of``, for a machine whose device is ``cpu`` or ``cuda``, whatever this machine has.

    Raises:
        InputError: a value is out of range or does not fit another.
    """
    techniques = with_models(config["mitigation"], config.get("searchpath", ()))
    config = _with_contents(config | {"mitigation": techniques})
    dtype = _dtype(config["dtype"], device)
    _check_counts(config)
    workload: Workload = _made(config["workload"], "workload", Workload)
    task: Task = _made(config["task"], "task", Task)
    spread = config.get("device_map") is not None
    config = config | {"runtime": _runtime_settings(config["runtime"], device, task, workload, spread=spread)}
    _check_device_map(config.get("device_map"), device, config["runtime"]["name"])
    mitigations: dict[str, Mitigation] = {
        name: _made(settings, f"mitigation.{name}", Mitigation) for name, settings in techniques.items()
    }
    config = config | {"protocol": _protocol_settings(config["protocol"], task, workload)}
    protocol: Protocol = _made(config["protocol"], "protocol", Protocol)
    _check_pairing(protocol.pairing, workload.phase, device)
    point = Point(
        task=labels["task"],
        model=labels["model"],
        mitigations=[
            MitigationUse(
                name=name, params={key: value for key, value in params_of(settings).items() if key != "_target_"}
            )
            for name, settings in without_idle(techniques).items()
        ],
        phase=workload.phase,
        workload=labels["workload"],
        batch_size=config["batch_size"],
        device=device,
        dtype=dtype,
        runtime=config["runtime"]["name"],
        device_map=config.get("device_map"),
    )
    endpoints: Endpoints | None = None
    if isinstance(workload, ServedWorkload):
        endpoints = _made(config.get("endpoint"), "endpoint", Endpoints)
        point = served_point(point, endpoints)
    config = _without_idle_seeds(config, point)
    idle = {key for key in ("search", "device_map") if config.get(key) is None}
    config = {key: value for key, value in config.items() if key not in idle}
    return Plan(
        point=point,
        config=config | {"device": device, "dtype": dtype},
        task=task,
        model=_made(config["model"], "model", ModelSpec),
        mitigations=mitigations,
        workload=workload,
        runtime=_made(config["runtime"], "runtime", Runtime),
        meter=_made(config["meter"], "meter", Meter),
        protocol=protocol,
        scores_folder=Path(config["runs_dir"]) / config["name"] / "baseline_scores",
        seed=config["seed"],
        seeds=config.get("seeds", 1),
        threads=config["threads"],
        endpoints=endpoints,
        served=of_servers(config, endpoints) if endpoints else {},
    )


def _protocol_settings(settings: dict[str, Any], task: Task, workload: Workload) -> dict[str, Any]:
    """``settings`` without what does nothing here, so that it is no part of what identifies a measurement."""
    generates = task.generates and workload.phase == "inference" and not workload.is_paced
    idle = set() if settings.get("prefill") and generates else {"prefill"}
    idle |= {"score_gate"} if settings.get("score_gate") is None else set()
    return {name: value for name, value in settings.items() if name not in idle}


def _without_idle_seeds(config: dict[str, Any], point: Point) -> dict[str, Any]:
    """``config`` without ``seeds`` where one is asked for or nothing is trained: no part of what was measured then."""
    if config.get("seeds", 1) > 1 and any(use.recipe for use in point.mitigations):
        return config
    return {key: value for key, value in config.items() if key != "seeds"}


def _with_contents(config: dict[str, Any]) -> dict[str, Any]:
    """``config`` with the embedded models found from any folder, data as it is meant, and fingerprints of local files.

    Raises:
        InputError: a local model, data file or trace is not there.
    """
    model, contents = dict(config["model"]), {}
    if "path" in model:
        model["path"] = as_shipped(model["path"])
    task, data = _with_data(config["task"])
    places = {
        "model": model.get("path"),
        **data,
        "trace": config["meter"].get("file"),
        "prompts": config["workload"].get("prompts"),
        "lm_eval.folder": _folder_of_tasks(task.get("lm_eval")),
    }
    for name, place in places.items():
        found = _on_disk(place)
        if found is None:
            continue
        if not found.exists():
            remedy = beside(found, otherwise="give an existing one, or a hub id")
            raise InputError(f"the {name} does not exist", got=place, remedy=remedy)
        contents[name] = fingerprint(found)
    contents |= _contents_of_techniques(config["mitigation"])
    return config | {"model": model, "task": task, "contents": contents}


def _folder_of_tasks(lm_eval: Any) -> str | None:
    """The user's own tasks of lm-evaluation-harness, by an address that is none of a hub."""
    folder = lm_eval.get("folder") if isinstance(lm_eval, dict) else None
    return None if folder is None else str(Path(str(folder)).expanduser().resolve())


def _with_data(task: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str | None]]:
    """``task`` with its data as the record has it (null where it is the embedded one), and where that data lies."""
    data = own_data(task.get("data"))
    if not isinstance(data, OwnSplits):
        return task | {"data": data}, {"data": data}
    return task | {"data": dataclasses.asdict(data)}, {"data.test": data.test, "data.train": data.train}


def _contents_of_techniques(techniques: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Fingerprints of what lies at the local paths that techniques are given, by the key of the parameter."""
    given = {key: _on_disk(place) for key, place in places_of(techniques)}
    return {key: fingerprint(path) for key, path in given.items() if path is not None and path.exists()}


def _on_disk(place: str | None) -> Path | None:
    """Where ``place`` lies; None where it is none of this machine, or of a package that is not installed.

    Which package that is, its point says.
    """
    with contextlib.suppress(NotApplicable):
        return locations.on_disk(place) if place and locations.is_local(place) else None
    return None


def _made(settings: Any, key: str, kind: type[Any]) -> Any:
    """The component that is set up at ``key`` of the configuration.

    Raises:
        InputError: there is none, or one of another kind.
    """
    if not isinstance(settings, dict) or "_target_" not in settings:
        remedy = f"leave {key} out, or give its values one by one, {key}.NAME=…"
        raise InputError(f"{key} has no settings to be built from", got=settings, remedy=remedy)
    made = build(settings)
    if not isinstance(made, kind):
        what = kind.__name__.lower()
        remedy = f"leave it out, or name a class that is a {what}"
        raise InputError(f"{key}._target_ is no {what}", got=settings["_target_"], remedy=remedy)
    return made


def build(settings: dict[str, Any]) -> Any:
    """Instantiates one component; its own InputError comes through as it is."""
    try:
        return hydra.utils.instantiate(OmegaConf.create(settings), _convert_="all")
    except InstantiationException as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, InputError):
                raise cause from None
            cause = cause.__cause__
        last: BaseException = error
        while last.__cause__ is not None:
            last = last.__cause__
        kind = str(settings.get("_target_", "component")).rpartition(".")[2]
        values = {key: value for key, value in settings.items() if key != "_target_"}
        remedy = "check the values against the comments of its yaml under conf/"
        raise InputError(f"{kind} cannot be built ({last})", got=values, remedy=remedy) from error


def _dtype(wanted: str, device: str) -> str:
    """The data type that ``wanted`` means on ``device``: ``auto`` is float32 on a CPU and bfloat16 on CUDA.

    Raises:
        InputError: there is no such type.
    """
    if wanted == "auto":
        return "bfloat16" if device == "cuda" else "float32"
    if wanted not in DTYPES:
        raise InputError("unknown dtype", got=wanted, remedy=f"choose auto, {', '.join(DTYPES)}")
    return wanted


def _runtime_settings(
    wanted: dict[str, Any], device: str, task: Task, workload: Workload, *, spread: bool
) -> dict[str, Any]:
    """The settings of the runtime that ``wanted`` means: ``auto`` compiles what is generated on a GPU.

    Not where queries come at a pace of their own: their batches have any shape. Nor what is spread over several GPUs.
    """
    if wanted["name"] != "auto":
        return wanted
    on_one_gpu = device == "cuda" and not spread
    compiled = on_one_gpu and task.generates and workload.phase == "inference" and not workload.is_paced
    settings = OmegaConf.to_container(OmegaConf.load(CONF / "runtime" / f"{'compiled' if compiled else 'eager'}.yaml"))
    return cast("dict[str, Any]", settings)


def _check_device_map(way: str | None, device: str, runtime: str) -> None:
    """A model is spread over GPUs, and executed as it is: accelerate's moves between them break every graph."""
    if way is None:
        return
    if way not in WAYS:
        raise InputError("device_map is unknown", got=way, remedy=f"give null or one of {', '.join(WAYS)}")
    if device != "cuda":
        raise InputError("device_map spreads a model over GPUs", got=f"device={device}", remedy="leave device_map out")
    if runtime != "eager":
        what, remedy = "what is spread over several GPUs is not compiled", "give runtime=eager, or leave device_map out"
        raise InputError(what, got=f"runtime={runtime}", remedy=remedy)


def _check_pairing(pairing: str, phase: str, device: str) -> None:
    """Arms are swapped between the device's memory and the host's, weights only: elsewhere nothing would be swapped."""
    if pairing != "swapped" or (phase == "inference" and device == "cuda"):
        return
    where = "in training, whose state stays on the device" if phase == "training" else "on a CPU, which has one memory"
    remedy = "leave protocol.pairing out: auto swaps where it has to"
    raise InputError(f"arms cannot be swapped {where}", got="protocol.pairing=swapped", remedy=remedy)


def _check_counts(config: dict[str, Any]) -> None:
    checks.count("batch_size", config["batch_size"], least=1)
    checks.count("seed", config["seed"], least=0)
    checks.count("seeds", config.get("seeds", 1), least=1)
    checks.count("point_timeout_s", config["point_timeout_s"], least=1)
    checks.flag("report", config["report"])
    if config["threads"] is not None:
        checks.count("threads", config["threads"], least=1)
    if config["isolation"] not in ("process", "none"):
        raise InputError("isolation must be process or none", got=config["isolation"], remedy="choose one")
