"""``python -m tools.wheelhouse``: the wheels that a GPU box without internet lacks, gathered where there is internet.

``gather`` follows what the project depends on (pyproject.toml) through the metadata of the packages installed here,
stops at what the box has (tools/gpu_box.toml), and has pip download the rest for the box's Python, at the versions of
constraints.txt. ``check``, run on the box once the wheels are installed, names what is still missing there.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from suite import cli
from suite.errors import InputError
from tools.trim_wheel import trim

CHECKOUT = Path(__file__).resolve().parent.parent
NEWEST_GLIBC_MINOR = 28
"""manylinux_2_28: runs on glibc 2.28 of August 2018 and all later ones."""
OLDEST_GLIBC_MINOR = 5
MIB = 1024**2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Box:
    """What gpu_box.toml says: what is there already, what is not needed, and which files are not carried."""

    provided: frozenset[str]
    source_only: frozenset[str]
    not_needed: Mapping[str, str]
    trim: Mapping[str, Mapping[str, Sequence[str]]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """The Python and the processor that the wheels are for."""

    python_version: str
    machine: str

    def __post_init__(self) -> None:
        major, _, minor = self.python_version.partition(".")
        if major != "3" or not minor.isdecimal():
            raise InputError(
                "no such Python version", got=self.python_version, remedy="give major and minor, as PYTHON_VERSION=3.12"
            )

    @property
    def pip_options(self) -> list[str]:
        """Options with which ``pip download`` chooses wheels for this target and not for the machine it runs on."""
        glibc = range(OLDEST_GLIBC_MINOR, NEWEST_GLIBC_MINOR + 1)
        tags = [f"manylinux_2_{minor}" for minor in glibc] + ["manylinux1", "manylinux2010", "manylinux2014"]
        abi = "cp" + self.python_version.replace(".", "")
        options = [
            "--only-binary=:all:",
            "--implementation",
            "cp",
            "--python-version",
            self.python_version,
            "--abi",
            abi,
        ]
        return [*options, *(f"--platform={tag}_{self.machine}" for tag in tags)]

    @property
    def markers(self) -> dict[str, str]:
        """The target's values of the environment markers that a requirement may ask about."""
        return {
            "python_version": self.python_version,
            "python_full_version": f"{self.python_version}.0",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "os_name": "posix",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": self.machine,
            "extra": "",
        }


def load_box(carried_too: Sequence[str] = ()) -> Box:
    """gpu_box.toml, where the packages of ``carried_too`` count as missing on the box and needed there.

    Raises:
        InputError: one of them is not left out at all.
    """
    table = tomllib.loads((CHECKOUT / "tools/gpu_box.toml").read_text())
    extra = {canonicalize_name(name) for name in carried_too}
    left_out = {*table["provided"], *table["not_needed"]}
    if extra - left_out:
        raise InputError(
            "nothing leaves out the packages named in WITH",
            got=sorted(extra - left_out),
            remedy=f"choose among {', '.join(sorted(left_out))}",
        )
    return Box(
        provided=frozenset(table["provided"]) - extra,
        source_only=frozenset(table["source_only"]),
        not_needed={name: why for name, why in table["not_needed"].items() if name not in extra},
        trim=table["trim"],
    )


def project_requirements() -> list[str]:
    """What pyproject.toml says that the suite depends on."""
    project: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return list(project["dependencies"])


def closure(requirements: Sequence[str], box: Box, markers: Mapping[str, str]) -> dict[str, list[Requirement]]:
    """Every package that is needed, with all that is asked of it; what the box provides brings its own needs along.

    Args:
        requirements: where to begin, in the form of pyproject.toml.
        box: where to stop.
        markers: the environment in which ``python_version < "3.11"`` and the like are decided.

    Raises:
        InputError: a package that is not on the box is not installed here, so that its needs are unknown.
    """
    asked: dict[str, list[Requirement]] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop(0)
        name = canonicalize_name(requirement.name)
        wanted = requirement.marker is None or requirement.marker.evaluate(dict(markers))
        if not wanted or name in box.not_needed:
            continue
        if name not in asked and name not in box.provided:
            waiting += map(Requirement, _needs(name))
        asked.setdefault(name, []).append(requirement)
    return asked


def _needs(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError as error:
        remedy = "where there is internet: make setup, then make wheelhouse; on the box: install its wheels first"
        raise InputError("a package that the suite needs is not installed here", got=name, remedy=remedy) from error


def pins() -> dict[str, str]:
    """The exact requirement of each package in constraints.txt, by name."""
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(line.partition("==")[0]): line for line in lines if "==" in line}


def gather(folder: Path, requirements: Sequence[str], target: Target, box: Box, cuda: str) -> list[Path]:
    """Fills ``folder`` with the wheels that ``box`` lacks, in place of those that were there, and returns them.

    Raises:
        InputError: pip finds no wheel of a package for the target, or a wheel cannot be trimmed as the box says.
    """
    asked = closure(requirements, box, target.markers)
    names = sorted(asked.keys() - box.provided)
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            wheel = _fetched(name, asked[name], target, box, Path(scratch) / name)
            if name in box.trim:
                rule = box.trim[name]
                trim(wheel, drop=rule["drop"], keep=[pattern.format(cuda=cuda) for pattern in rule["keep"]])
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.whl"):
            old.unlink()
        return [Path(shutil.copy2(wheel, folder)) for wheel in sorted(Path(scratch).glob("*/*.whl"))]


def _fetched(name: str, asked: Sequence[Requirement], target: Target, box: Box, folder: Path) -> Path:
    """The package's one wheel: the pinned version, else the newest that is asked for and exists for the target."""
    in_range = f"{name}{','.join(str(each.specifier) for each in asked if each.specifier)}"
    pinned = pins().get(name, in_range)
    failure = _pip(pinned, target, box, folder)
    if failure and pinned != in_range:
        print(f"{pinned} has no wheel for Python {target.python_version} on {target.machine}; taking {in_range}")
        failure = _pip(in_range, target, box, folder)
    if failure:
        remedy = "choose another PYTHON_VERSION, or look at what pip says: " + failure
        raise InputError(f"pip gives no wheel of {name} for the box", got=in_range, remedy=remedy)
    [wheel] = folder.glob("*.whl")
    if name in box.source_only and not wheel.name.endswith("-none-any.whl"):
        raise InputError(
            f"the wheel that was built of {name} runs on this machine only",
            got=wheel.name,
            remedy="take it out of source_only in tools/gpu_box.toml",
        )
    return wheel


def _pip(requirement: str, target: Target, box: Box, folder: Path) -> str:
    """Has pip put the wheel into ``folder``; empty where that went well, else pip's last line."""
    shared = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    if canonicalize_name(Requirement(requirement).name) in box.source_only:
        command = ["wheel", *shared, "--wheel-dir", str(folder), requirement]
    else:
        command = ["download", *shared, *target.pip_options, "--dest", str(folder), requirement]
    done = subprocess.run([sys.executable, "-m", "pip", *command], capture_output=True, text=True, check=False)  # noqa: S603
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1] if done.returncode else ""


def unmet(requirements: Sequence[str], box: Box, markers: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What is missing in this interpreter, and what is there in a version outside the range that is asked for."""
    missing, outside = [], []
    for name, asked in closure(requirements, box, markers).items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        ranges = [str(each.specifier) for each in asked if not each.specifier.contains(version, prereleases=True)]
        outside += [f"{name} {version}, where {text} is asked for" for text in ranges]
    return missing, outside


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return cli.run(_parser(), _run, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("tools.wheelhouse", __doc__ or "")
    parser.add_argument("command", choices=["gather", "check"], help="download the wheels, or see what is missing here")
    box = parser.add_argument_group("gather")
    box.add_argument(
        "--into", type=Path, default=Path("wheelhouse"), help="folder whose wheels are replaced (%(default)s)"
    )
    box.add_argument("--python-version", default="3.12", help="the box's (%(default)s)")
    box.add_argument(
        "--machine", default="x86_64", help="the box's processor, as uname -m prints it there (%(default)s)"
    )
    box.add_argument("--cuda", default="130", help="the box's CUDA without the dot (%(default)s, which is 13.0)")
    box.add_argument("--with", dest="carried_too", nargs="*", default=[], help="packages that the box lacks too")
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.command == "check":
        return _check(load_box())
    target = Target(python_version=options.python_version, machine=options.machine)
    box = load_box(options.carried_too)
    wheels = gather(options.into, project_requirements(), target, box, options.cuda)
    for wheel in wheels:
        print(f"{wheel.stat().st_size / MIB:7.2f} MiB  {wheel.name}")
    print(f"{sum(wheel.stat().st_size for wheel in wheels) / MIB:7.2f} MiB in {options.into}")
    print(f"taken to be on the box: {', '.join(sorted(box.provided))}")
    for name, why in box.not_needed.items():
        print(f"left out: {name}: {why}")
    return 0


def _check(box: Box) -> int:
    here = Target(python_version=f"{sys.version_info.major}.{sys.version_info.minor}", machine=platform.machine())
    missing, outside = unmet(project_requirements(), box, here.markers)
    for line in outside:
        print(f"warning: {line}", file=sys.stderr)
    if missing:
        remedy = f'where there is internet: make wheelhouse WITH="{" ".join(missing)}"'
        raise InputError("this interpreter lacks packages that the suite needs", got=missing, remedy=remedy)
    return 0


if __name__ == "__main__":
    sys.exit(main())
