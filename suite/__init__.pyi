from suite.api import EnergyComparison as EnergyComparison
from suite.api import EnergyMeasurement as EnergyMeasurement
from suite.api import ReferenceWorkload as ReferenceWorkload
from suite.api import compare_energy as compare_energy
from suite.api import measure_energy as measure_energy

__version__: str
