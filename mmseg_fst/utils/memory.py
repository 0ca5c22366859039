"""Memory of a process that trains on the CPU."""
import ctypes

# Parameters of mallopt, from malloc.h of glibc.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Make the C library retain freed memory for later allocations.

    By default glibc returns each large tensor to the system and requests it
    again page by page, which takes up to a fifth of a training step on a CPU.
    With this setting the memory of the process stays at its peak.

    Returns:
        bool: Whether the C library supports it; only glibc does.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, Windows, musl
        return False
    # No mmap, and the heap is never trimmed. A finite trim threshold would not
    # do: two graphs at once exceed even its maximum of 2 GiB.
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1))
