"""One point's overrides to its configuration, composed from conf/; what does not compose is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from suite.config.overrides import GROUPS, search_path_of
from suite.errors import InputError
from suite.io.paths import CONF
from suite.plugins.conf_folders import conf_folders, options
from suite.text.suggest import one_of


def composed(overrides: Sequence[str]) -> DictConfig:
    """The configuration of one point, composed from conf/.

    Raises:
        InputError: an unknown group option or key, with the nearest known name; or a value that cannot be resolved.
    """
    _check_data(overrides)
    folders = conf_folders(search_path_of(overrides))
    try:
        config, _ = _compose(overrides)
        missing = OmegaConf.missing_keys(config)
    except MissingConfigException as error:
        raise _unknown_option(error, folders) from None
    except (ConfigCompositionException, HydraException, OmegaConfBaseException, ValueError) as error:
        raise _unknown_key(error, overrides, folders) from None
    if missing:
        raise InputError("values are missing", got=sorted(missing), remedy="give each as key=value")
    return config


def _check_data(overrides: Sequence[str]) -> None:
    """One file to be split, or files by split: the later of the two would silently win."""
    data = [text for text in overrides if text.partition("=")[0].startswith("task.data")]
    keys = {text.partition("=")[0] for text in data}
    if "task.data" in keys and len(keys) > 1:
        remedy = "give task.data=FILE (to be split), or task.data.test=FILE (scored whole) with task.data.train=FILE"
        raise InputError("the data is named twice", got=data, remedy=remedy)


def composed_with_hydra(overrides: Sequence[str]) -> tuple[DictConfig, ConfigLoader]:
    """The configuration with Hydra's own settings in it, and what loads those of single jobs.

    For overrides that ``composed`` has accepted before.
    """
    return _compose(overrides, with_hydra=True)


def _compose(overrides: Sequence[str], *, with_hydra: bool = False) -> tuple[DictConfig, ConfigLoader]:
    with initialize_config_dir(str(CONF), version_base="1.3", job_name="suite"):
        config = compose("config", overrides=list(overrides), return_hydra_config=with_hydra)
        return config, GlobalHydra.instance().config_loader()


def resolved(config: DictConfig) -> dict[str, Any]:
    """Plain containers with every interpolation resolved.

    Raises:
        InputError: an interpolation leads nowhere.
    """
    try:
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        what = str(error).splitlines()[0]
        raise InputError("a value cannot be resolved", got=what, remedy="name an existing key in ${…}") from None
    assert isinstance(container, dict)
    plain = {str(key): value for key, value in container.items()}
    return plain | {"mitigation": plain.get("mitigation") or {}}


def _unknown_option(error: MissingConfigException, folders: Sequence[Path]) -> InputError:
    missing = (error.missing_cfg_file or "").removesuffix(".yaml").strip("/")
    group, _, option = missing.rpartition("/")
    known = options(group, folders) if group else []
    return InputError(f"unknown {group or 'configuration'}", got=option or missing, remedy=one_of(option, known))


def _unknown_key(error: Exception, overrides: Sequence[str], folders: Sequence[Path]) -> InputError:
    key = _causing_key(str(error), overrides)
    if key is None:
        first = " ".join(str(error).split())
        return InputError(f"the configuration does not compose ({first})", got=list(overrides), remedy="see --help")
    known = _known_keys(overrides, key)
    if key in known:
        what = str(error).splitlines()[0]
        raise InputError(f"the value does not fit {key} ({what})", got=list(overrides), remedy="see its yaml in conf/")
    technique = key.split(".")[1] if key.startswith("mitigation.") and key.count(".") > 1 else None
    if technique in options("mitigation", folders) and f"mitigation.{technique}" not in known:
        return InputError("this technique is not chosen", got=key, remedy=f"add mitigation={technique}")
    return InputError("unknown key", got=key, remedy=one_of(key, known))


def _causing_key(message: str, overrides: Sequence[str]) -> str | None:
    """The key of the override that Hydra's message complains of, which it names as a whole or by one end."""
    match = re.search(r"Could not override '([^']+)'|Key '([^']+)' is not in struct", message)
    if match is None:
        return None
    named = match.group(1) or match.group(2)
    keys = [override.partition("=")[0].lstrip("+~") for override in overrides]
    likely = [key for key in keys if key.endswith("." + named) or named.startswith(key)]
    return named if named in keys else next(iter(likely), None)


def _known_keys(overrides: Sequence[str], without: str) -> list[str]:
    """Keys that would be valid beside the other overrides, groups included."""
    others = [
        text
        for text in overrides
        if text.startswith("hydra.searchpath=")
        or ("." not in text.partition("=")[0] and not text.startswith(without + "="))
    ]
    try:
        config, _ = _compose(others)
    except (HydraException, OmegaConfBaseException):
        return list(GROUPS)
    return [*GROUPS, *_flat(OmegaConf.to_container(config, resolve=False))]


def _flat(container: Any, prefix: str = "") -> Iterator[str]:
    for key, value in container.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
