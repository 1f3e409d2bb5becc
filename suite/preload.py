"""Imported once by the server that points are forked from: libraries that are slow to import and touch no GPU."""

from suite.quiet import quieten

quieten()

import codecarbon  # noqa: E402, F401
import datasets  # noqa: E402, F401
import torch  # noqa: E402, F401
import transformers  # noqa: E402
import transformers.models.auto.modeling_auto  # noqa: E402
import transformers.models.bert.modeling_bert  # noqa: E402
import transformers.models.llama.modeling_llama  # noqa: E402
import transformers.models.vit.modeling_vit  # noqa: E402, F401

import suite.assemble  # noqa: E402
import suite.runner  # noqa: E402, F401
