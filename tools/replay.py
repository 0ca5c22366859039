"""Make a training step again that was not finite.

    python tools/replay.py work_dirs/demo/NAME/seed_0/not_finite/FILE.pth

Prints the losses of the run and of now, where the first value arises that is
not finite, and which weights get a gradient that is not.
"""
import argparse
import sys

from mmseg_fst.apis import replay


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('file', help='file that the run has named')
    parser.add_argument(
        '--device', default='cpu', help="such as 'cuda'; default: cpu")
    parser.add_argument(
        '--anomaly',
        action='store_true',
        help='stop at the first operation of the backward pass that gives '
        'what is no number, and show where it was called; slow')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run code that the file asks for; it can do all that you can, '
        'so only if you trust who made it')
    return parser.parse_args()


def shown(names: list[str], most: int = 5) -> str:
    """Some names, and how many more there are."""
    more = f' and {len(names) - most} more' if len(names) > most else ''
    return (', '.join(names[:most]) or 'none') + more


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    try:
        found = replay(args.file, args.device, args.anomaly, args.trust)
    except (OSError, ValueError) as error:
        sys.exit(f'{type(error).__name__}: {error}')
    width = max(map(len, found.losses))
    print(f'{"":{width}}  in the run         now')
    for name, loss in found.losses.items():
        print(f'{name:{width}}  {found.recorded[name]:<12.7g} {loss:12.7g}')
    print(f'Norm of the gradient: {found.grad_norm:g}\n'
          f'Not finite before the step: {shown(found.weights)}\n'
          f'First output that is not finite: {found.module or "none"}\n'
          f'Gradients that are not finite: {shown(found.gradients)}')


if __name__ == '__main__':
    main()
