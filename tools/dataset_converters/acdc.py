"""Link the splits of ACDC into the folders that the configs read.

    python tools/dataset_converters/acdc.py data/acdc

The folder contains rgb_anon_trainvaltest.zip and gt_trainval.zip of
https://acdc.vision.ee.ethz.ch/download, unpacked. These are sorted by
condition first, as in rgb_anon/fog/train/SEQUENCE/. The program links all
conditions into rgb_anon/train, rgb_anon/val, gt/train and gt/val (1600 and 406
images), the layout of DAFormer. The labels are train ids already and are not
changed. Run the same command again to continue an interrupted run.
"""
import os
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from mmseg_fst.datasets.known_data import KNOWN_DATA, Files, list_files
from mmseg_fst.prepare.conversion import make_parser
from mmseg_fst.utils.messages import one_message


def link_files(root: Path, files: Files) -> None:
    """Link the files of all conditions into the folder of a split.

    Args:
        root: Folder of the data set.
        files: Files to link, and the folder of the links.
    """
    folder = root / files.folder
    split = folder.name
    found = sorted(folder.parent.glob(f'*/{split}/*/*{files.suffix}'))
    folder.mkdir(parents=True, exist_ok=True)
    for path in tqdm(found, desc=files.folder):
        link = folder / path.name
        if not link.exists():
            link.unlink(missing_ok=True)  # a broken link
            link.symlink_to(os.path.relpath(path, folder))


def link(root: Path, allow_partial: bool) -> None:
    """Link all splits and check that they are complete.

    Args:
        root: Folder of the data set.
        allow_partial: Whether to accept incomplete splits.

    Raises:
        FileNotFoundError: If files are missing.
    """
    data = KNOWN_DATA['acdc']
    if not (root / 'rgb_anon').is_dir():
        raise FileNotFoundError(f'There is no folder {root / "rgb_anon"}. '
                                f'Get {data.source} into {root}')
    for split in data.splits:
        for files in (split.images, split.labels):
            link_files(root, files)
            found = len(list_files(root, files))
            if found < split.count and not allow_partial:
                raise FileNotFoundError(
                    f'{root / files.folder} has {found} of {split.count} '
                    f'files. Get {data.source} into {root}, or give '
                    '--allow-partial')


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line.

    Args:
        argv: The arguments. Defaults to ``sys.argv[1:]``.
    """
    parser = make_parser(__doc__, 'acdc')
    args = parser.parse_args(argv)
    with one_message():
        link(args.root, args.allow_partial)
    print(f'{args.root} is linked')


if __name__ == '__main__':
    main()
