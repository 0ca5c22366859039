"""The rows of the benchmark of the training step."""
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        name (str): Name of the row.
        hook (dict): Config of the hook that moves the teacher.
        counts (dict): Number of bare passes in a step, by ``S``, ``M``, ``B``
            (the backward half of M), ``T`` and ``I``.
        changes (dict): Changes of the config.
    """
    name: str
    hook: dict[str, Any]
    counts: dict[str, int]
    changes: dict[str, Any] = {}


def counts(S: int, M: int, T: int, I: int,  # noqa: E741
           B: int = 0) -> dict[str, int]:
    """Return the number of each pass by name."""
    return dict(S=S, M=M, B=B, T=T, I=I)


MEAN_TEACHER = Row('mean teacher', dict(type='MeanTeacherHook'),
                   counts(1, 1, 1, 1))
METHODS = [
    MEAN_TEACHER,
    *(Row(f'FST K={depth}, {name}',
          dict(type='FSTHook', depth=depth, **options), passes)
      for depth, name, options, passes in (
          (1, 'no reuse', dict(reuse=False), counts(2, 2, 2, 2)),
          (1, 'gradient reused', {}, counts(1, 2, 2, 1)),
          (1, 'graph reused', dict(resample_mix=False),
           counts(1, 1, 2, 1, B=1)),
          (3, 'no reuse', dict(reuse=False), counts(4, 4, 4, 4)),
          (3, 'gradient reused', {}, counts(3, 4, 4, 1)),
          (3, 'graph reused', dict(resample_mix=False),
           counts(3, 3, 4, 1, B=1)))),
]
AUTOCAST = {'optim_wrapper.type': 'AutocastOptimWrapper'}
DEEP = dict(type='FSTHook', depth=3)
FAST = dict(AUTOCAST, channels_last=True, fused_attention=True)
LEVERS = [
    Row('FST K=3', DEEP, {}),
    Row('... in one backward pass', DEEP, {}, {'model.backward': 'joint'}),
    Row('... graph reused', dict(DEEP, resample_mix=False), {}),
    Row('... channels last', DEEP, {}, dict(channels_last=True)),
    Row('... fused attention', DEEP, {}, dict(fused_attention=True)),
    Row('... optimizer not fused', DEEP, {},
        {'optim_wrapper.optimizer.fused': False}),
    Row('... frozen networks in bfloat16', DEEP, {},
        {'model.frozen_dtype': 'bfloat16'}),
    Row('... bfloat16', DEEP, {}, AUTOCAST),
    Row('... compiled', DEEP, {}, dict(compile_networks=True)),
    Row('... fast', DEEP, {}, FAST),
    # Without FiniteGuardHook: the gradients are wrong (docs/speed.md) and
    # overflow.
    Row('... fast, dilated by oneDNN', DEEP, {},
        dict(FAST, split_dilated=False, non_finite=None)),
    Row('... fast, graph reused', dict(DEEP, resample_mix=False), {}, FAST),
]
