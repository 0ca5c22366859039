"""Try the networks of runs on photos, in a page of the browser.

    python tools/view.py RUN [RUN ...]

opens a page of this machine on which photos, frames of videos and of a webcam
are predicted by all networks of the runs (student, teacher, or the label-only
network of a supervised run) side by side. RUN is the folder of a run, one of
its checkpoints, or a folder written by tools/push.py; a folder with a run for
each seed stands for the first of them. Nothing leaves the machine, and no file
is kept. Ctrl-C stops the program.

Images more than three times as large as the training images are predicted in
overlapping tiles at the scale of the training. --whole shrinks them instead.
"""
import argparse
import os
import sys
import webbrowser
from collections.abc import Sequence
from typing import Optional


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv (Sequence[str], optional): Its words. Defaults to None: the words
            of the process.

    Returns:
        argparse.Namespace: The options.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'runs', nargs='+', metavar='RUN',
        help='folder of a run, or a checkpoint')
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen on; default: 127.0.0.1, which only this '
        'machine can reach')
    parser.add_argument(
        '--port',
        type=int,
        default=8000,
        help='port to listen on; 0 is any free one; default: 8000')
    parser.add_argument(
        '--no-browser',
        action='store_true',
        help='print the address of the page, and open no browser')
    parser.add_argument(
        '--max-megabytes',
        type=float,
        default=64.,
        help='size of the largest photo; default: 64')
    parser.add_argument(
        '--whole',
        action='store_true',
        help='predict large images as a whole, not in tiles')
    parser.add_argument(
        '--device', help='such as cuda:1; default: a GPU if available')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='allow checkpoints to run code, with all of your rights; use it '
        'only if you trust the source of the files')
    args = parser.parse_args(argv)
    if args.max_megabytes <= 0:
        parser.error(f'--max-megabytes must be above 0, got '
                     f'{args.max_megabytes:g}')
    return args


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run from the command line until Ctrl-C.

    Args:
        argv (Sequence[str], optional): Words of the command line. Defaults to
            None: the words of the process.

    Raises:
        SystemExit: With a message, if a run cannot be loaded or the address
            cannot be listened on.
    """
    args = parse_args(argv)
    from mmseg_fst.utils.messages import one_message

    try:
        with one_message():
            _serve(args)
    except KeyboardInterrupt:
        print('\nStopped.')


def _serve(args: argparse.Namespace) -> None:
    """Load the networks and serve the page."""
    from mmseg_fst.view import PhotoServer, load_networks

    networks = load_networks(args.runs, args.device, args.whole, args.trust)
    with PhotoServer(networks, args.host, args.port,
                     int(args.max_megabytes * 2**20)) as server:
        print('Networks: ' + '\n          '.join(
            network.title for network in networks))
        if not server.is_local:
            print('Everyone who can reach this machine can use the page.')
        print(f'Page:     {server.url}\nCtrl-C stops the program.',
              flush=True)
        if not args.no_browser and _has_screen():
            webbrowser.open(server.url)
        server.serve_forever()


def _has_screen() -> bool:
    """Whether a browser with windows can open; others fill the terminal."""
    return not sys.platform.startswith('linux') or bool(
        os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'))
