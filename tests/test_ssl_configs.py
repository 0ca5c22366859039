"""Every semi-supervised cell trains, resumes and is scored, on fake data."""
import pytest
from cells import cells_of, is_twin, roots, run  # noqa: F401


@pytest.mark.slow
@pytest.mark.parametrize('name', [
    pytest.param(name, marks=[pytest.mark.twins] if is_twin(name) else [])
    for name in cells_of('ssl')
])
def test_cell_trains_resumes_and_is_scored(name, roots,  # noqa: F811
                                           tmp_path):
    run(f'ssl/{name}', tmp_path)
