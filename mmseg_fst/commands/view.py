"""Try the networks of runs on photos, in a page of the browser.

    mmseg-fst view RUN [RUN ...]

opens a page of this machine on which photos, frames of videos and of a webcam
are predicted by all networks of the runs (student, teacher, or the label-only
network of a supervised run) side by side. RUN is the folder of a run, one of
its checkpoints, or a folder written by mmseg-fst push; a folder with a run for
each seed stands for the first of them. Nothing leaves the machine, and no file
is kept. Ctrl-C stops the program.

Images more than three times as large as the training images are predicted in
overlapping tiles at the scale of the training. --whole shrinks them instead.
"""
import argparse
import os
import sys
import webbrowser

from mmseg_fst.utils.arguments import WrongOptions, add_device, add_trust


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
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
    add_device(parser)
    add_trust(parser)


def check(args: argparse.Namespace) -> None:
    """Check the size of the largest photo.

    Args:
        args (Namespace): The options.

    Raises:
        WrongOptions: If it is not positive.
    """
    if args.max_megabytes <= 0:
        raise WrongOptions('--max-megabytes must be above 0, got '
                           f'{args.max_megabytes:g}.')


def run(args: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C.

    Args:
        args (Namespace): The options.
    """
    try:
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
