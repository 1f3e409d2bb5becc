"""A machine with RAPL: a tree like /sys/class/powercap whose counters rise when the test says so."""

import builtins
import contextlib
import io
import os
from pathlib import Path
from unittest import mock

from codecarbon.core import cpu, hardware_cache
from codecarbon.external.hardware import CPU

from suite.machine import rapl

RANGE_UJ = 262_143_328_850  # of a Xeon's package


class Powercap:
    """Domains are laid out and linked as Linux does it; energies are exact, in microjoules.

    ``unreadable`` and ``broken`` hold domains (``intel-rapl:1``): root may open whatever the mode of a file, so that
    opening is refused here. ``per_reading_uj`` is how much a package draws each time that it is read.
    """

    def __init__(self, root):
        self.devices, self.powercap = root / "devices", root / "class" / "powercap"
        self.control = self.devices / "intel-rapl"
        self.control.mkdir(parents=True)
        self.powercap.mkdir(parents=True)
        (self.powercap / "intel-rapl").symlink_to(self.control)
        (self.control / "subsystem").symlink_to(self.powercap)
        self.folders, self.unreadable, self.broken = {}, set(), {}
        self.per_reading_uj = 0

    def add(self, domain, name, energy_uj, range_uj=RANGE_UJ):
        """``intel-rapl:0:1`` is a part of ``intel-rapl:0``."""
        parent = self.folders.get(domain.rpartition(":")[0], self.control)
        folder = parent / domain
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
        (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
        (folder / "energy_uj").write_text(f"{energy_uj}\n")
        (self.powercap / domain).symlink_to(folder)
        self.folders[domain] = folder
        return self

    def use(self, **joules):
        """Lets packages ``p0`` and ``p1`` (or ``psys``) draw so much, with what wraps around."""
        numbers = {"p0": "intel-rapl:0", "p1": "intel-rapl:1", "psys": "intel-rapl:2"}
        for short, energy_j in joules.items():
            self._rise(self.folders[numbers[short]], round(energy_j * 1e6))

    def _rise(self, folder, by_uj):
        counter = folder / "energy_uj"
        with io.FileIO(counter) as file:
            now_uj = int(file.read())
        range_uj = int((folder / "max_energy_range_uj").read_bytes())
        with io.FileIO(counter, "w") as file:
            file.write(f"{(now_uj + by_uj) % (range_uj + 1)}\n".encode())

    def _domain(self, path):
        file = Path(path)
        if file.name != "energy_uj":
            return None
        return next((name for name, folder in self.folders.items() if folder == file.parent.resolve()), None)

    @contextlib.contextmanager
    def installed(self):
        """CodeCarbon and this suite read the tree in the place of the machine's own."""
        base = str(self.powercap / "intel-rapl" / "subsystem")
        opens, may = io.open, os.access

        def opened(file, *words, **more):
            domain = self._domain(file) if isinstance(file, str | os.PathLike) else None
            if domain in self.unreadable:
                raise PermissionError(13, "Permission denied", str(file))
            if domain in self.broken:
                raise self.broken[domain]
            content = opens(file, *words, **more)
            if domain is not None and self.per_reading_uj:
                text = content.read()
                content.close()
                self._rise(self.folders[domain], self.per_reading_uj)
                return io.StringIO(text)
            return content

        def allowed(path, mode, **more):
            return self._domain(path) not in self.unreadable and may(path, mode, **more)

        defaults = (base, *(CPU.__init__.__defaults__ or ())[1:])
        hardware_cache.clear_cache()
        try:
            with (
                mock.patch.object(cpu.is_rapl_available, "__defaults__", (base,)),
                mock.patch.object(CPU.__init__, "__defaults__", defaults),
                mock.patch.object(rapl, "POWERCAP", self.powercap),
                mock.patch.object(builtins, "open", opened),
                mock.patch.object(io, "open", opened),
                mock.patch.object(os, "access", allowed),
            ):
                yield self
        finally:
            hardware_cache.clear_cache()
