"""Replay a training step that was not finite.

    python tools/replay.py work_dirs/demo/NAME/seed_0/not_finite/FILE.pth

Prints the losses of the run and of the replay, the first module whose output
is not finite, and the weights whose gradients are not finite.
"""
import argparse

from mmseg_fst.apis import replay
from mmseg_fst.utils.messages import one_message


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('file', help='file that the run has reported')
    parser.add_argument(
        '--device', default='cpu', help="such as 'cuda'; default: cpu")
    parser.add_argument(
        '--anomaly',
        action='store_true',
        help='stop at the first operation of the backward pass that gives '
        'NaN, and show where it was called; slow')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='allow the file to run code with your permissions; use only for '
        'files from a source that you trust')
    return parser.parse_args()


def shorten(names: list[str], limit: int = 5) -> str:
    """Join the first names and state how many more there are."""
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return (', '.join(names[:limit]) or 'none') + more


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    found = replay(args.file, args.device, args.anomaly, args.trust)
    width = max(map(len, found.losses))
    print(f'{"":{width}}  in the run      replay')
    for name, loss in found.losses.items():
        print(f'{name:{width}}  {found.recorded[name]:<12.7g} {loss:12.7g}')
    print(f'Norm of the gradient: {found.grad_norm:g}\n'
          f'Not finite before the step: {shorten(found.weights)}\n'
          f'First output that is not finite: {found.module or "none"}\n'
          f'Gradients that are not finite: {shorten(found.gradients)}')


if __name__ == '__main__':
    with one_message():
        main()
