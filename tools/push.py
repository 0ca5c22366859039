"""Write the network of a run as a folder for the Hugging Face Hub.

    python tools/push.py RUN --out FOLDER [--network teacher]
    python tools/push.py RUN --out FOLDER --repository OWNER/NAME

The folder gets model.safetensors, config.json and a model card, README.md. It
can be read by tools/predict.py and by mmseg_fst.apis.pull_model, which also
accepts OWNER/NAME.
"""
import argparse

from mmseg_fst.apis import load_model, push_model
from mmseg_fst.utils.arguments import add_run_options
from mmseg_fst.utils.messages import one_message


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('run', help='folder of a run, or a checkpoint')
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument(
        '--repository', help='upload to OWNER/NAME of the Hugging Face Hub')
    parser.add_argument(
        '--public',
        action='store_true',
        help='create a public repository; default: private')
    add_run_options(parser)
    args = parser.parse_args()
    model = load_model(
        args.run, 'cpu', args.network, config=args.config, trust=args.trust)
    print(push_model(model, args.out, args.repository, not args.public))


if __name__ == '__main__':
    with one_message():
        main()
