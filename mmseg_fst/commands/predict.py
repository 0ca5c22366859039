"""Predict images and videos with the network of a run.

    mmseg-fst predict RUN photos --out FOLDER
    mmseg-fst predict RUN 'photos/**/*.jpg' --out FOLDER --flip
    mmseg-fst predict RUN drive.mp4 --out FOLDER --windows 512 341

RUN is the folder of a run, one of its checkpoints, or a folder written by
mmseg-fst push. FOLDER gets labels/ (paletted PNGs of class ids at the size of
the image; of a GeoTIFF also a GeoTIFF), overlays/, legend.png, areas.csv (area
of each class in each image) and, on request, probabilities as arrays or
images; predict.json names the classes and records the settings. Existing files
are not written again, so an interrupted run can be continued with the same
command. A file that cannot be read or predicted does not stop the others; it
is named at the end, and the exit status is 1.

Images more than three times as large as the training images are predicted in
overlapping tiles at the scale of the training. --whole shrinks them instead.
"""
import argparse
import sys

from mmseg_fst.use.outputs import OUTPUTS
from mmseg_fst.utils.arguments import add_device, add_run, add_run_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    add_run(parser)
    parser.add_argument(
        'source', help='image, video, folder, or a quoted pattern')
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument(
        '--save',
        nargs='+',
        choices=OUTPUTS,
        default=['labels', 'overlays', 'areas'],
        help='what to write; default: labels, overlays and areas')
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        '--windows',
        nargs=2,
        type=int,
        metavar=('SIZE', 'STRIDE'),
        help='predict in square windows, in pixels of the image at the scale '
        'of the training; default: the protocol of the config')
    size.add_argument(
        '--whole',
        action='store_true',
        help='predict large images as a whole, not in tiles')
    parser.add_argument(
        '--scales',
        nargs='+',
        type=float,
        default=[1.],
        help='average over these scales of the image; default: 1')
    parser.add_argument(
        '--flip', action='store_true', help='average with the mirror image')
    parser.add_argument(
        '--opacity',
        type=float,
        default=0.5,
        help='opacity of the class colors in an overlay; default: 0.5')
    add_device(parser)
    add_run_options(parser)


def run(args: argparse.Namespace) -> None:
    """Predict.

    Args:
        args (Namespace): The options.

    Raises:
        SystemExit: If a file could not be predicted.
    """
    from mmseg_fst.apis import find_sources, load_model, predict_files
    from mmseg_fst.use.predict import Predictor
    from mmseg_fst.utils.counts import counted
    from mmseg_fst.utils.messages import printable

    sources = find_sources(args.source, without=args.out)
    model = load_model(args.run, args.device, args.network, args.windows,
                       args.config, args.trust)
    rule = Predictor(model, args.scales, args.flip, args.whole).rule
    print(f'Network:  {model.predict_with}\n'
          f'Protocol: {model.protocol_name}\n'
          f'Tiles:    {rule.describe()}')
    report = predict_files(model, sources, args.out, args.save, args.opacity,
                           args.scales, args.flip, args.whole)
    print(f'Predicted: {counted(report.written, "file")}, '
          f'{report.existing} more existed already\n'
          f'Written:   {args.out} ({", ".join(args.save)})')
    if report.failed:
        sys.exit(f'{len(report.failed)} failed:\n' + '\n'.join(
            f'  {printable(reason)}' for reason in report.failed.values()))
