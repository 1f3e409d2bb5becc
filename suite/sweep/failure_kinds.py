"""Why a point failed, in words that stay the same whichever library threw the error."""

from __future__ import annotations

import errno
import re

import msgspec

from suite.record.schema import Reason

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How an OSError says that nothing more can be written: disk, quota or the largest file that is allowed."""

_KINDS = (
    (
        "out_of_memory",
        re.compile(
            r"^(MemoryError|OutOfMemoryError): |can't allocate memory|Cannot allocate memory|CUDA out of memory"
        ),
    ),
    (
        "disk_full",
        re.compile(rf"\[Errno ({'|'.join(map(str, FULL))})\]|No space left on device|Disk quota exceeded"),
    ),
    ("cuda_error", re.compile(r"^AcceleratorError: |CUDA error:|CUBLAS_STATUS_|CUDNN_STATUS_")),
    ("interrupted", re.compile(r"^Interrupted: ")),
)


def classified(reason: Reason) -> Reason:
    """``reason`` with one of this suite's kinds in place of an exception's class name, where one fits."""
    if not reason.kind[:1].isupper():  # the suite's own kinds are in lower case
        return reason
    text = f"{reason.kind}: {reason.message}"
    for kind, pattern in _KINDS:
        if pattern.search(text):
            return msgspec.structs.replace(reason, kind=kind, message=reason.message or reason.kind)
    return reason
