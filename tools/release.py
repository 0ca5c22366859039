"""Prepare a release: version, changelog, citation, wheel, tag.

    python tools/release.py 0.2.0           # a dry run: shows the changes
    python tools/release.py 0.2.0 --tag     # writes, commits and tags it

Both build the wheel from a clean copy of the committed files and check what is
in it. Nothing is pushed or uploaded. Before that, all tests must pass:
sh tests/run.sh.
"""
import argparse
import datetime
import difflib
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from mmseg_fst.utils.messages import one_message

ROOT = Path(__file__).parents[1]
VERSION_FILE = 'mmseg_fst/version.py'
CHANGELOG, CITATION = 'CHANGELOG.md', 'CITATION.cff'
UNRELEASED = '## Unreleased'
#: What a wheel must contain beside Python files.
PACKAGE_DATA = ('mmseg_fst/report/page.html',)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('version', help='such as 0.2.0')
    parser.add_argument(
        '--tag', action='store_true',
        help='write the files, commit and tag; default: a dry run')
    parser.add_argument(
        '--out', type=Path, default=ROOT / 'dist',
        help='folder for the wheel of --tag; default: dist')
    return parser.parse_args()


def git(folder: Path, *arguments: str) -> str:
    """Run git.

    Args:
        folder (Path): The repository.
        *arguments (str): Of git.

    Returns:
        str: What it prints.

    Raises:
        ValueError: If it fails.
    """
    done = subprocess.run(['git', *arguments], cwd=folder, text=True,
                          capture_output=True)
    if done.returncode:
        raise ValueError(f'git {" ".join(arguments)}: {done.stderr.strip()}')
    return done.stdout


def numbers(version: str) -> tuple[int, ...]:
    """The three numbers of a version.

    Args:
        version (str): Such as 0.2.0.

    Returns:
        tuple[int, ...]: To be compared.

    Raises:
        ValueError: If these are not three numbers.
    """
    if not re.fullmatch(r'\d+\.\d+\.\d+', version):
        raise ValueError(
            f'{version!r} is not a version; give three numbers, such as '
            '0.2.0 (semantic versioning).')
    return tuple(map(int, version.split('.')))


def check_ready(folder: Path, version: str) -> None:
    """Check the repository before anything is written.

    Args:
        folder (Path): The repository.
        version (str): The new version.

    Raises:
        ValueError: If it is not newer, the tag exists, files are not
            committed, or the changelog has nothing to release.
    """
    current = re.search(
        r"__version__ = '(.+)'", (folder / VERSION_FILE).read_text())
    tags = git(folder, 'tag').split()
    # The first release may have the version that is already stated.
    if current and (numbers(version) < numbers(current[1])
                    or tags and version == current[1]):
        raise ValueError(f'{version} is not newer than {current[1]} of '
                         f'{VERSION_FILE}; give a larger one.')
    if f'v{version}' in tags:
        raise ValueError(f'The tag v{version} exists; give another version.')
    changes = git(folder, 'status', '--porcelain', '--untracked-files=no')
    if changes:
        raise ValueError(
            f'Files are not committed; commit or stash them:\n{changes}')
    if not notes((folder / CHANGELOG).read_text()):
        raise ValueError(f'{CHANGELOG} has nothing under "{UNRELEASED}"; '
                         'write what changes for users.')


def notes(changelog: str) -> str:
    """What stands under the heading of unreleased changes.

    Args:
        changelog (str): The whole file.

    Returns:
        str: Up to the next version.
    """
    _, _, rest = changelog.partition(UNRELEASED)
    return re.split(r'^## ', rest, maxsplit=1, flags=re.M)[0].strip()


def new_files(folder: Path, version: str, date: str) -> dict[str, str]:
    """The files of a release that change.

    Args:
        folder (Path): The repository.
        version (str): The new version.
        date (str): As 2026-01-31.

    Returns:
        dict[str, str]: New texts by path.
    """
    text = {name: (folder / name).read_text()
            for name in (VERSION_FILE, CHANGELOG, CITATION)}
    text[VERSION_FILE] = re.sub(
        r"__version__ = '.+'", f"__version__ = '{version}'",
        text[VERSION_FILE])
    text[CHANGELOG] = text[CHANGELOG].replace(
        UNRELEASED, f'{UNRELEASED}\n\n## {version} - {date}', 1)
    citation = re.sub(r'^(version|date-released): .*\n', '', text[CITATION],
                      flags=re.M)
    text[CITATION] = citation.replace(
        'license:', f'version: {version}\ndate-released: {date}\nlicense:', 1)
    return text


def build_wheel(folder: Path, files: dict[str, str], out: Path) -> Path:
    """Build the wheel from a clean copy of the committed files.

    Args:
        folder (Path): The repository.
        files (dict[str, str]): Files that differ from the commit.
        out (Path): Folder of the wheel.

    Returns:
        Path: The wheel.

    Raises:
        ValueError: If the build fails, or something is missing in the wheel.
    """
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / 'source'
        git(folder, 'clone', '--quiet', '--depth=1', f'file://{folder}',
            str(copy))
        for path, text in files.items():
            (copy / path).write_text(text)
        done = subprocess.run(
            [sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps',
             '--no-build-isolation', '--wheel-dir', str(out), str(copy)],
            capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f'The wheel cannot be built:\n{done.stderr}')
    version = re.search(r"'(.+)'", files[VERSION_FILE])
    wheel, = out.glob(f'mmseg_fst-{version and version[1]}-*.whl')
    content = zipfile.ZipFile(wheel).namelist()
    for path in (*PACKAGE_DATA, VERSION_FILE):
        if path not in content:
            raise ValueError(f'{wheel.name} lacks {path}; see setup.py.')
    return wheel


def show_changes(folder: Path, files: dict[str, str]) -> None:
    """Print what a release changes.

    Args:
        folder (Path): The repository.
        files (dict[str, str]): New texts by path.
    """
    for name, text in files.items():
        old = (folder / name).read_text().splitlines()
        print('\n'.join(difflib.unified_diff(
            old, text.splitlines(), name, name, n=1, lineterm='')))


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    numbers(args.version)
    check_ready(ROOT, args.version)
    files = new_files(ROOT, args.version, datetime.date.today().isoformat())
    if not args.tag:
        show_changes(ROOT, files)
        with tempfile.TemporaryDirectory() as folder:
            wheel = build_wheel(ROOT, files, Path(folder))
            print(f'{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB')
        print(f'A dry run. To commit and tag v{args.version}: '
              f'python tools/release.py {args.version} --tag')
        return
    message = notes((ROOT / CHANGELOG).read_text())
    wheel = build_wheel(ROOT, files, args.out)
    for name, text in files.items():
        (ROOT / name).write_text(text)
    git(ROOT, 'commit', '--quiet', '-m', f'Release {args.version}', *files)
    git(ROOT, 'tag', '-a', f'v{args.version}', '-m', message)
    print(f'{wheel}\nTagged v{args.version}. To publish: '
          f'git push origin HEAD v{args.version}')


if __name__ == '__main__':
    with one_message():
        main()
