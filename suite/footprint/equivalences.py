"""Energy and carbon as everyday things, each by a published constant whose choice is named; and as money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from suite.carbon.arithmetic import scaled
from suite.carbon.quantity import Figure, checked, significant
from suite.carbon.tables import read_table
from suite.errors import InputError
from suite.text.suggest import one_of

UNITS = {"energy_kwh": "kWh", "co2e_kg": "kg CO2e"}


class Equivalence(msgspec.Struct, frozen=True, kw_only=True):
    """One constant. Sources may disagree, so each name may have several choices.

    Attributes:
        name: of the thing.
        choice: which source's constant.
        quantity: what is divided by the constant.
        per_unit: kWh or kg CO2e of one thing.
        unit: the things, as printed.
        year: of the constant.
        source: of the constant.
        doubt: what the constant does not say.
    """

    name: str
    choice: str
    quantity: Literal["energy_kwh", "co2e_kg"]
    per_unit: float
    unit: str
    year: int
    source: str
    doubt: str


def equivalences(energy: Figure, carbon: Figure, choices: Mapping[str, str | None]) -> dict[str, Figure]:
    """How many of each thing.

    Args:
        energy: in kWh.
        carbon: in kg CO2e.
        choices: the choice of each name; None leaves the thing out.

    Raises:
        InputError: an unknown name or choice.
    """
    known = read_table("equivalences.csv", Equivalence)
    chosen = [_choose(known, name, choice) for name, choice in choices.items() if choice is not None]
    amounts = {"energy_kwh": energy, "co2e_kg": carbon}
    return {each.name: _count(amounts[each.quantity], each) for each in chosen}


def _choose(known: list[Equivalence], name: str, choice: str) -> Equivalence:
    of_name = {each.choice: each for each in known if each.name == name}
    if not of_name:
        names = list(dict.fromkeys(each.name for each in known))
        remedy = one_of(name, names)
        raise InputError("unknown equivalence", got=name, remedy=remedy)
    if choice not in of_name:
        remedy = f"give one of {', '.join(of_name)}, or null to leave it out"
        raise InputError(f"unknown choice for equivalence.{name}", got=choice, remedy=remedy)
    return of_name[choice]


def _count(amount: Figure, each: Equivalence) -> Figure:
    source = f"{significant(each.per_unit)} {UNITS[each.quantity]} each ({each.choice}): {each.source}; {each.doubt}"
    return scaled(amount, 1 / each.per_unit, unit=each.unit, tag="modelled", source=source, year=each.year)


def cost(energy: Figure, price_per_kwh: float, currency: str) -> Figure:
    """Money for the energy of the whole data centre, in kWh, at the user's own price.

    Raises:
        InputError: the price is no finite number of 0 or more.
    """
    price = checked("price_per_kwh", price_per_kwh)
    return scaled(energy, price, unit=currency, source=f"{significant(price)} {currency} a kWh, given by the user")
