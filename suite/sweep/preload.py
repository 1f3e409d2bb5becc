"""Done once by the server that points are forked from: what is slow, the same for every point, and touches no GPU.

A CUDA context does not survive a fork, and neither does a process's first question to CUDA about its devices. So the
server asks NVML how many there are, and leaves out torchao where there is one: its import asks the GPU what it is.
"""

import contextlib
import gc
import os
import signal
import sys

from suite.machine.log_levels import quieten

_PARENT = os.getppid()


def _end_where_alone() -> None:
    """The command may have ended meanwhile, on bad input say: nobody will ask for a point."""
    if os.getppid() != _PARENT:
        os._exit(0)


signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the command's; the server ends with it
gc.disable()  # nothing of what is imported here is garbage; a point's process enables it again
quieten()
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # torch.cuda.is_available() then starts nothing

import torch  # noqa: E402

_end_where_alone()
WITHOUT_GPU = not torch.cuda.is_available()
if not WITHOUT_GPU:
    sys.modules["torchao"] = None  # type: ignore[assignment]  # the import system's own mark of a missing module

import babel.dates  # noqa: E402
import babel.numbers  # noqa: E402, F401
import codecarbon.core.emissions  # noqa: E402
import codecarbon.core.resource_tracker  # noqa: E402, F401
import transformers  # noqa: E402

_end_where_alone()
import transformers.models.auto.modeling_auto  # noqa: E402
import transformers.models.bert.modeling_bert  # noqa: E402
import transformers.models.llama.modeling_llama  # noqa: E402
import transformers.models.vit.modeling_vit  # noqa: E402, F401
from transformers.utils.import_utils import is_torchao_available  # noqa: E402

import suite.config.build  # noqa: E402
import suite.measure.point  # noqa: E402
import suite.sweep.child  # noqa: E402, F401
from suite.machine import environment  # noqa: E402

if not WITHOUT_GPU:  # from here on it is there again, for the points that use it
    del sys.modules["torchao"]
    is_torchao_available.cache_clear()
quieten()  # CodeCarbon's import has raised its voice again
environment.cpu_model()
environment.packages()
environment.git_revision()  # of the code that is loaded here, whatever is checked out while the sweep runs
with contextlib.suppress(ImportError, AttributeError):  # another version of CodeCarbon looks the processor up itself
    from codecarbon.core import cpu, hardware_cache

    hardware_cache.get_cached_tdp(cpu)  # starts a process that asks the processor for its name, and searches a table
with contextlib.suppress(ImportError, AttributeError):  # an older version of transformers has no such table
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    get_checkpoint_conversion_mapping("vit")  # compiles a thousand patterns the first time: a quarter of a second
gc.freeze()  # a point's first full collection would look at every object of these libraries: half a second
