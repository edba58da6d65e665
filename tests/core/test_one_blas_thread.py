import pytest
import scipy.linalg  # noqa: F401  # brings a BLAS of its own beside NumPy's
from threadpoolctl import threadpool_info

from structmask_gui.core.threads import one_blas_thread


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blas_works_on_one_core_in_it_and_as_before_after_it():
    before = blas_threads()
    assert len(before) >= 1

    @one_blas_thread
    def inside(value, *, more):
        """Say what it does."""
        assert blas_threads() == [1] * len(before)
        if more:
            raise ValueError("stop")
        return value

    assert inside(3, more=False) == 3
    with pytest.raises(ValueError, match="stop"):
        inside(3, more=True)
    assert blas_threads() == before
    assert inside.__doc__ == "Say what it does."
