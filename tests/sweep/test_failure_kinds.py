import pytest

from suite.record.schema import Reason
from suite.sweep.failure_kinds import classified


@pytest.mark.parametrize(
    ("kind", "message", "found"),
    [
        ("MemoryError", "", "out_of_memory"),
        ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 2 GiB", "out_of_memory"),
        ("RuntimeError", "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to", "out_of_memory"),
        ("OSError", "[Errno 28] No space left on device: 'x'", "disk_full"),
        ("OSError", "[Errno 122] Disk quota exceeded", "disk_full"),
        ("OSError", "[Errno 2] No such file or directory: 'x'", "OSError"),
        ("SafetensorError", "I/O error: No space left on device (os error 28)", "disk_full"),
        ("AcceleratorError", "CUDA error: device-side assert triggered", "cuda_error"),
        ("RuntimeError", "CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling", "cuda_error"),
        ("Interrupted", "stopped by Ctrl-C", "interrupted"),
        ("ValueError", "odd", "ValueError"),
        ("no_effect", "CUDA error: in a sentence of our own", "no_effect"),
    ],
)
def test_errors_of_libraries_get_the_suites_own_kinds(kind, message, found):
    assert classified(Reason(kind=kind, message=message)).kind == found


def test_a_reason_is_never_left_without_words():
    assert classified(Reason(kind="MemoryError", message="")).message == "MemoryError"
