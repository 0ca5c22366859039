"""Export the network of a run to ONNX or torch.export, and verify it.

    mmseg-fst export RUN --out model.onnx --size 512 1024
    mmseg-fst export RUN --out model.pt2 --dynamic --network teacher

The input `images` has shape (N, C, H, W), float32: RGB values in [0, 255], or,
for other than 3 channels, values stretched as in training, in the order of the
file. The output `logits` has shape (N, K, H, W) for K classes. The outputs of
the exported file are compared with PyTorch; the file is deleted if they
differ. Classes, palette, size, value range, channel order, mean and standard
deviation are in the metadata_props of an ONNX file, each value as JSON, and in
the extra file metadata.json of a .pt2 file.

ONNX needs: pip install onnx onnxscript onnxruntime
"""
import argparse

from mmseg_fst.utils.arguments import add_run, add_run_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    add_run(parser)
    parser.add_argument(
        '--out', required=True, help='file to write, .onnx or .pt2')
    parser.add_argument(
        '--size',
        nargs=2,
        type=int,
        default=[512, 512],
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the images; default: 512 512')
    parser.add_argument(
        '--batch-size', type=int, default=1,
        help='number of images; default: 1')
    parser.add_argument(
        '--dynamic',
        action='store_true',
        help='also accept other image sizes and batch sizes')
    parser.add_argument(
        '--normalized',
        action='store_true',
        help='expect images that are already normalized')
    add_run_options(parser)


def run(args: argparse.Namespace) -> None:
    """Export the network and print the comparisons.

    Args:
        args (Namespace): The options.
    """
    from mmseg_fst.apis import export_model, load_model

    model = load_model(
        args.run, 'cpu', args.network, config=args.config, trust=args.trust)
    checks = export_model(model, args.out, tuple(args.size), args.batch_size,
                          args.dynamic, not args.normalized)
    for check in checks:
        print(f'{args.out}, images {check.shape}: logits up to '
              f'{check.range:.3g} differ by at most {check.difference:.2g}; '
              f'{100 * check.agreement:.3f} % of the pixels agree.')
