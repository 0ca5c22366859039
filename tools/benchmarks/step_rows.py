"""What the benchmark of the training step compares."""
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        name (str): Its name.
        hook (dict): What moves the teacher.
        counts (dict): How often each bare pass is needed, by ``S``, ``M``,
            ``B`` (the backward half of M), ``T`` and ``I``.
        changes (dict): Of the config.
    """
    name: str
    hook: dict[str, Any]
    counts: dict[str, int]
    changes: dict[str, Any] = {}


def counts(S: int, M: int, T: int, I: int,  # noqa: E741
           B: int = 0) -> dict[str, int]:
    """How often each pass is needed, by name."""
    return dict(S=S, M=M, B=B, T=T, I=I)


MEAN_TEACHER = Row('mean teacher', dict(type='MeanTeacherHook'),
                   counts(1, 1, 1, 1))
METHODS = [
    MEAN_TEACHER,
    *(Row(f'FST K={depth}, {words}', dict(type='FSTHook', depth=depth, **how),
          needed)
      for depth, words, how, needed in (
          (1, 'nothing kept', dict(reuse=False), counts(2, 2, 2, 2)),
          (1, 'gradient kept', {}, counts(1, 2, 2, 1)),
          (1, 'graph kept', dict(resample_mix=False), counts(1, 1, 2, 1, B=1)),
          (3, 'nothing kept', dict(reuse=False), counts(4, 4, 4, 4)),
          (3, 'gradient kept', {}, counts(3, 4, 4, 1)),
          (3, 'graph kept', dict(resample_mix=False), counts(3, 3, 4, 1, B=1)))),
]
AUTOCAST = {'optim_wrapper.type': 'AutocastOptimWrapper'}
DEEP = dict(type='FSTHook', depth=3)
FAST = dict(AUTOCAST, channels_last=True, fused_attention=True)
LEVERS = [
    Row('FST K=3', DEEP, {}),
    Row('... in one backward pass', DEEP, {}, {'model.backward': 'joint'}),
    Row('... graph kept', dict(DEEP, resample_mix=False), {}),
    Row('... channels last', DEEP, {}, dict(channels_last=True)),
    Row('... fused attention', DEEP, {}, dict(fused_attention=True)),
    Row('... optimizer not fused', DEEP, {},
        {'optim_wrapper.optimizer.fused': False}),
    Row('... frozen networks in bfloat16', DEEP, {},
        {'model.frozen_dtype': 'bfloat16'}),
    Row('... bfloat16', DEEP, {}, AUTOCAST),
    Row('... compiled', DEEP, {}, dict(compile_networks=True)),
    Row('... fast', DEEP, {}, FAST),
    # Not guarded: its gradients are wrong (README, Speed) and overflow.
    Row('... fast, dilated by oneDNN', DEEP, {},
        dict(FAST, split_dilated=False, non_finite=None)),
    Row('... fast, graph kept', dict(DEEP, resample_mix=False), {}, FAST),
]
