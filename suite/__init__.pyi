from suite.api import compare_energy as compare_energy
from suite.api import measure_energy as measure_energy

__version__: str
