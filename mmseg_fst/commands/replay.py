"""Replay a training step that was not finite.

    mmseg-fst replay work_dirs/demo/NAME/seed_0/not_finite/FILE.pth

Prints the losses of the run and of the replay, the first module whose output
is not finite, and the weights whose gradients are not finite.
"""
import argparse

from mmseg_fst.utils.arguments import add_device, add_trust


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument('file', help='file that the run has reported')
    add_device(parser, 'cpu')
    parser.add_argument(
        '--anomaly',
        action='store_true',
        help='stop at the first operation of the backward pass that gives '
        'NaN, and show where it was called; slow')
    add_trust(parser, 'file')


def shorten(names: list[str], limit: int = 5) -> str:
    """Join the first names and state how many more there are.

    Args:
        names (list[str]): The names.
        limit (int): How many to name. Defaults to 5.

    Returns:
        str: Such as ``'a, b and 3 more'``; ``'none'`` without names.
    """
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return (', '.join(names[:limit]) or 'none') + more


def run(args: argparse.Namespace) -> None:
    """Replay the step and print what was found.

    Args:
        args (Namespace): The options.
    """
    from mmseg_fst.apis import replay

    found = replay(args.file, args.device, args.anomaly, args.trust)
    width = max(map(len, found.losses))
    print(f'{"":{width}}  in the run      replay')
    for name, loss in found.losses.items():
        print(f'{name:{width}}  {found.recorded[name]:<12.7g} {loss:12.7g}')
    print(f'Norm of the gradient: {found.grad_norm:g}\n'
          f'Not finite before the step: {shorten(found.weights)}\n'
          f'First output that is not finite: {found.module or "none"}\n'
          f'Gradients that are not finite: {shorten(found.gradients)}')
