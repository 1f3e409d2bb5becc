"""RAPL: the energy counters of the processor's packages, as Linux shows them below /sys/class/powercap.

A package is a processor with all that it holds; its sub-domains (core, uncore) are parts of it, and so may DRAM be.
``psys`` is the whole platform. Only packages are the CPU's energy here, and either all of them or none: the energy of
one of two is no figure for the work, which ran on both.

CodeCarbon 3.3.2 reads the counters and is held to that by ``ReadPackages``. It leaves out what it may not read, counts
0 J where a reading fails, and drops a package whose counter comes within 1 J of another's, all without a word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.errors import ImpossibleOutput

POWERCAP = Path("/sys/class/powercap")
_STILL_S = 0.1  # the counters rise each millisecond
_MIRROR_UJ = 1e6  # what CodeCarbon takes for the time between reading one counter and its mirror


def packages(powercap: Path) -> dict[str, bool]:
    """Every package by its name (``package-0``), and whether its counter can be read."""
    found: dict[str, bool] = {}
    for name, counter in _domains(powercap):
        if "package" in name:
            found[name] = found.get(name, False) or _is_readable(counter)
    return found


def unreadable(powercap: Path) -> list[str]:
    """Names of the packages whose counters cannot be read."""
    return [name for name, readable in packages(powercap).items() if not readable]


def other_domains(powercap: Path) -> list[str]:
    """Names of the domains that are no packages and are not read: ``core``, ``dram``, ``psys``."""
    return sorted({name for name, _ in _domains(powercap) if "package" not in name})


def _domains(powercap: Path) -> list[tuple[str, Path]]:
    """Name and counter of each domain. Some packages have two, one of them memory-mapped."""
    folders = sorted(powercap.glob("intel-rapl*:*"))
    return [(_name(folder), folder / "energy_uj") for folder in folders if (folder / "energy_uj").exists()]


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text().strip().lower()
    except OSError:
        return folder.name


def _is_readable(counter: Path) -> bool:
    try:
        float(counter.read_text())
    except (OSError, ValueError):
        return False
    return True


class ReadPackages:
    """What CodeCarbon reads of the packages, looked at after each window."""

    def __init__(self, interface: Any, powercap: Path) -> None:
        """Of CodeCarbon's ``interface`` to RAPL, as it is once its first windows have shown what is a mirror.

        Raises:
            ImpossibleOutput: it reads something else than the machine's packages.
        """
        self._interface = interface
        self._names = {str(file.path): _name(Path(file.path).parent) for file in interface._rapl_files}
        self.names = sorted(self._names.values())
        known = packages(powercap)
        if not self.names or not set(self.names) <= set(known):
            raise ImpossibleOutput(f"CodeCarbon reads {self.names} where the machine has the packages {sorted(known)}")
        self.mirrors = sorted(set(known) - set(self.names))
        self._left_out = [counter for name, counter in _domains(powercap) if name in self.mirrors]

    def check(self, duration_s: float) -> None:
        """Refuses a window of which CodeCarbon has read too little.

        Raises:
            ImpossibleOutput: a package was not read, or its counter stands still.
        """
        check_samples(self._interface)
        files = {str(file.path): file for file in self._interface._rapl_files}
        gone = sorted(name for path, name in self._names.items() if path not in files)
        gone += sorted(self._names.get(path, path) for path in self._interface._mirrored_candidates)
        if gone:
            raise ImpossibleOutput(f"CodeCarbon took the counter of {', '.join(gone)} for another's and left it out")
        for path, file in files.items():
            if duration_s > _STILL_S and float(file.energy_delta) == 0:
                raise ImpossibleOutput(
                    f"the energy counter of {self._names[path]} stood still for {duration_s:.3f} s: it is broken"
                )
        for counter in self._left_out:
            self._check_mirror(counter)

    def _check_mirror(self, counter: Path) -> None:
        """A package that CodeCarbon has dropped, as some processors show one counter twice, must go on as the other."""
        try:
            own_uj = float(counter.read_text())
            others_uj = [float(Path(path).read_text()) for path in self._names]
        except (OSError, ValueError) as error:
            raise ImpossibleOutput(f"the energy counter {counter} cannot be read any more: {error}") from error
        if all(abs(own_uj - other_uj) > max(_MIRROR_UJ, 1e-6 * own_uj) for other_uj in others_uj):
            raise ImpossibleOutput(f"CodeCarbon took {_name(counter.parent)} for a mirror of another, which it is not")


def check_samples(interface: Any) -> None:
    """Refuses a window in which CodeCarbon could not read a package, which it counts as 0 J.

    Raises:
        ImpossibleOutput: a reading failed, or a counter ran backwards.
    """
    files = interface._rapl_files
    skipped = [_name(Path(file.path).parent) for file in files if file.sample_skipped]
    if skipped:
        raise ImpossibleOutput(f"the energy counter of {', '.join(skipped)} gave no usable reading at a window's ends")
    counted = [key for key in interface.get_static_cpu_details() if "Energy Delta" in key]
    if len(counted) + len(interface._mirrored_candidates) < len(files):
        raise ImpossibleOutput(f"CodeCarbon counted {len(counted)} of {len(files)} packages")
