import pytest
import scipy.linalg  # noqa: F401  # brings a BLAS of its own beside NumPy's
from threadpoolctl import threadpool_info, threadpool_limits

from structmask_gui.core.threads import in_threads, one_blas_thread


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_calls_that_overlap_keep_the_limit_until_the_last_has_ended():
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        first, second = in_threads(abs, iter(range(9))), in_threads(abs, iter(range(9)))
        next(first)
        next(second)
        assert set(blas_threads()) == {1}
        first.close()
        assert set(blas_threads()) == {1}
        second.close()
        assert blas_threads() == before


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
