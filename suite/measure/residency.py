"""Which arm's weights lie on the device, where both do not fit together."""

from __future__ import annotations

import gc

import torch

from suite.core import device_map
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.record.schema import Arm


class Residency:
    """Keeps both arms on the device, or swaps them with the host's memory so that one at a time lies there."""

    def __init__(self, setups: dict[Arm, Setup], *, swapped: bool) -> None:
        """Begins with the state of memory that ``swapped`` implies: nobody known to be in, or both."""
        self._setups, self._swapped = setups, swapped
        self._inside: Arm | None = None

    @property
    def is_swapped(self) -> bool:
        """Whether one arm at a time lies on the device."""
        return self._swapped

    def forget(self) -> None:
        """Weights were moved by somebody else: nobody is known to be in."""
        self._inside = None

    def bring(self, arm: Arm) -> bool:
        """Puts ``arm`` on the device, alone.

        Returns:
            Whether anything was moved: then the arm is cold.
        """
        if not self._swapped or self._inside == arm:
            return False
        for name, setup in self._setups.items():
            if name != arm:
                move_weights(setup, "cpu")
        release_unused()
        move_weights(self._setups[arm], self._setups[arm].device)
        self._inside = arm
        return True


def move_weights(setup: Setup, device: str) -> None:
    """Moves the model in place; what is no module (a session of another runtime) stays where it is.

    Raises:
        NotApplicable: its weights are stored in a way that ties them to the device.
    """
    if not isinstance(setup.model, torch.nn.Module):
        return
    try:
        device_map.move(setup.model, device)
    except NotImplementedError as error:  # as torch's tensor subclasses say that they do not know an operation
        raise NotApplicable(
            "the arms cannot be swapped, since weights of one cannot leave the device: both must fit there at once "
            "(a smaller batch_size or model, or leave protocol.pairing out)"
        ) from error


def release_unused() -> None:
    """Gives memory that nothing refers to any more back to the device."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
