"""Export the network of a run to ONNX or torch.export, and verify it.

    python tools/export.py RUN --out model.onnx --size 512 1024
    python tools/export.py RUN --out model.pt2 --dynamic --network teacher

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

from mmseg_fst.apis import export_model, load_model
from mmseg_fst.utils.arguments import add_run_options
from mmseg_fst.utils.messages import one_message


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('run', help='folder of a run, or a checkpoint')
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
    args = parser.parse_args()
    model = load_model(
        args.run, 'cpu', args.network, config=args.config, trust=args.trust)
    checks = export_model(model, args.out, tuple(args.size), args.batch_size,
                          args.dynamic, not args.normalized)
    for check in checks:
        print(f'{args.out}, images {check.shape}: logits up to '
              f'{check.range:.3g} differ by at most {check.difference:.2g}; '
              f'{100 * check.agreement:.3f} % of the pixels agree.')


if __name__ == '__main__':
    with one_message():
        main()
