"""Write the network of a run as a folder for the Hugging Face Hub.

    mmseg-fst push RUN --out FOLDER [--network teacher]
    mmseg-fst push RUN --out FOLDER --repository OWNER/NAME

The folder gets model.safetensors, config.json and a model card, README.md. It
can be read by mmseg-fst predict and by mmseg_fst.apis.pull_model, which also
accepts OWNER/NAME.
"""
import argparse

from mmseg_fst.utils.arguments import add_run, add_run_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    add_run(parser)
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument(
        '--repository', help='upload to OWNER/NAME of the Hugging Face Hub')
    parser.add_argument(
        '--public',
        action='store_true',
        help='create a public repository; default: private')
    add_run_options(parser)


def run(args: argparse.Namespace) -> None:
    """Write the folder, and upload it on request.

    Args:
        args (Namespace): The options.
    """
    from mmseg_fst.apis import load_model, push_model

    model = load_model(
        args.run, 'cpu', args.network, config=args.config, trust=args.trust)
    print(push_model(model, args.out, args.repository, not args.public))
