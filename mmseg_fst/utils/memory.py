"""Memory of the process, on a CPU."""
import ctypes

# Parameters of mallopt, from malloc.h of glibc.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Let the C library keep what is freed, for the next step to take.

    As it is, glibc gives each large tensor back to the system and asks for it
    anew, page by page: on a CPU up to a fifth of a training step. Memory of
    the process then stays at its peak.

    Returns:
        bool: Whether the C library knows how; only glibc does.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, Windows, musl
        return False
    # Nothing by mmap, and the heap is never trimmed: a threshold, if only of
    # 2 GiB, is passed by two graphs at once.
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1))
