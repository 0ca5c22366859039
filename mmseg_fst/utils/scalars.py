"""What a run has logged, read from its folder."""
import json
from pathlib import Path


def read_scalars(folder: Path) -> dict[str, dict[int, float]]:
    """All values that a run has logged over its iterations.

    Args:
        folder (Path): Folder of a run of one seed.

    Returns:
        dict[str, dict[int, float]]: By name and iteration; where a resumed
        run has logged an iteration again, the newest.
    """
    found: dict[str, dict[int, float]] = {}
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            step = entry.pop('step')
            for key, value in entry.items():
                found.setdefault(key, {})[step] = value
    return found
