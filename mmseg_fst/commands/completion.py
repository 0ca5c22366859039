"""Print a script that completes commands and options with the tab key.

    mmseg-fst completion bash >> ~/.bash_completion
    mmseg-fst completion zsh > FOLDER/_mmseg-fst       a FOLDER of $fpath

It takes effect in new shells, and needs: pip install shtab
"""
import argparse

#: Shells that shtab writes scripts for.
SHELLS = ('bash', 'zsh', 'tcsh')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument('shell', choices=SHELLS, help='the shell')


def run(args: argparse.Namespace) -> None:
    """Print the script.

    Args:
        args (Namespace): The options.

    Raises:
        ImportError: If shtab is not installed.
    """
    from mmseg_fst import commands
    try:
        import shtab
    except ImportError as error:
        raise ImportError(
            'Tab completion needs shtab; install it: pip install shtab'
        ) from error
    parser = argparse.ArgumentParser(prog=commands.PROGRAM)
    subparsers = parser.add_subparsers()
    for name, summary in commands.COMMANDS.items():
        command = subparsers.add_parser(name, help=summary)
        commands.module_of(name).add_arguments(command)
    print(shtab.complete(parser, args.shell))
