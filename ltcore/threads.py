"""How many threads the linear algebra of a process of our own uses."""

from __future__ import annotations

import os


def use_one_blas_thread() -> None:
    """Lets NumPy's OpenBLAS work in the calling thread alone, unless OPENBLAS_NUM_THREADS says otherwise.

    The matrices here are small and many: more threads wait for each other longer than they work, which cost a pair of
    8000x8000 px a third of its CPU time on two cores and saved nothing by the clock. OpenBLAS reads the variable when
    NumPy is loaded, so this comes first in the programs of this package; who imports ltcore as a library decides for
    himself.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
