"""A run of stages in one of several processes."""
import io
from contextlib import redirect_stdout

from mmengine.config import Config

from mmseg_fst.apis import train


def train_stages(cfg: Config, resume: bool) -> str:
    """Train all stages; what this process prints."""
    cfg.launcher = 'pytorch'
    with redirect_stdout(io.StringIO()) as output:
        train(cfg, resume=resume)
    return output.getvalue()
