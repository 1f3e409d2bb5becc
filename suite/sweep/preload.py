"""Done once by the server that points are forked from: what is slow, the same for every point, and touches no GPU."""

import contextlib

from suite.machine.log_levels import quieten

quieten()

import babel.dates  # noqa: E402
import babel.numbers  # noqa: E402, F401
import codecarbon.core.emissions  # noqa: E402
import codecarbon.core.resource_tracker  # noqa: E402, F401
import datasets  # noqa: E402, F401
import sklearn.datasets  # noqa: E402, F401
import torch  # noqa: E402, F401
import transformers  # noqa: E402
import transformers.models.auto.modeling_auto  # noqa: E402
import transformers.models.bert.modeling_bert  # noqa: E402
import transformers.models.llama.modeling_llama  # noqa: E402
import transformers.models.vit.modeling_vit  # noqa: E402, F401

import suite.config.build  # noqa: E402
import suite.measure.point  # noqa: E402
import suite.sweep.child  # noqa: E402, F401
from suite.machine import environment  # noqa: E402

quieten()  # CodeCarbon's import has raised its voice again
environment.cpu_model()
environment.git_revision()  # of the code that is loaded here, whatever is checked out while the sweep runs
with contextlib.suppress(ImportError, AttributeError):  # another version of CodeCarbon looks the processor up itself
    from codecarbon.core import cpu, hardware_cache

    hardware_cache.get_cached_tdp(cpu)  # starts a process that asks the processor for its name, and searches a table
