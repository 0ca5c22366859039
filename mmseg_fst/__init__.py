"""Self-training semantic segmentation: adaptation and semi-supervision.

Importing the package registers every module of MMSegmentation and of this
package, so that plain names work in a config with
``default_scope = 'mmseg_fst'``. An import error is never hidden.

``self_train`` trains on data of a user, and ``load_result`` opens what it has
written; both are imported when they are used.
"""
import contextlib
import io
import warnings
from typing import Any

# Both say what is meant: no compiled operator is used, and a loss is averaged
# over all pixels, ignored ones included.
warnings.filterwarnings(
    'ignore', message='Fail to import ``MultiScaleDeformableAttention``')
warnings.filterwarnings('ignore', message='Default ``avg_non_ignore``')

# A search in the parent registry does not import the packages that register
# there.
with contextlib.redirect_stdout(io.StringIO()):
    # It prints that an optional reader is not there.
    import mmseg.datasets  # noqa: E402
import mmseg.engine  # noqa: E402
import mmseg.evaluation  # noqa: E402
import mmseg.models  # noqa: E402
import mmseg.visualization  # noqa: E402, F401

from . import datasets, engine, evaluation, methods, models  # noqa: E402, F401
from .version import __version__  # noqa: E402

__all__ = ['__version__']
# Not in __all__: `import *` would import what they need.
_LAZY = ('self_train', 'load_result')


def __getattr__(name: str) -> Any:
    """Import the functions for users when they are first used."""
    if name not in _LAZY:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from . import self_training
    return getattr(self_training, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
