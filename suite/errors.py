"""The ways a point can end other than ok, each with one clear sentence for the user."""

from __future__ import annotations


class InputError(Exception):
    """Bad input: what was wrong, the value got and what to do. Commands print it and exit 2."""

    def __init__(self, what: str, *, got: object, remedy: str) -> None:
        super().__init__(f"{what}, got {got!r}, {remedy}")
        self.what, self.got, self.remedy = what, got, remedy


class NotApplicable(Exception):
    """A precondition of the technique or model is not met here, or its value is already in force.

    The point is recorded as ``skipped`` with this reason.
    """


class OutOfReach(NotApplicable):
    """The hub cannot be reached or refuses access: skipped now, tried again by the same command later."""


class DoesNotFit(NotApplicable):
    """The device has too little free memory for what the point surely needs: skipped before its weights are read."""


class LosesTooMuch(NotApplicable):
    """The candidate's score fell by more than the protocol's gate allows, so no window is spent on its energy."""


class NoEffect(Exception):
    """The technique was applied, yet nothing it promises to change has changed (status ``failed``)."""


class ImpossibleOutput(Exception):
    """The instruments returned what cannot be, such as zero energy for real work (status ``failed``)."""


class ServerFailed(Exception):
    """A server did not start, could not be reached, answered with an error or ended (status ``failed``)."""
