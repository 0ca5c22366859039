"""Self-training semantic segmentation: adaptation and semi-supervision.

Importing the package registers every module of MMSegmentation and of this
package, so that plain names work in a config with
``default_scope = 'mmseg_fst'``. An import error is never hidden.
"""
import contextlib
import io
import warnings

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
