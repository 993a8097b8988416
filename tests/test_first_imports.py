"""Threads that need a library at the same moment for the first time all get it."""

import subprocess
import sys

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from dicomweb.first_imports import one_at_a_time

names = ["pydicom", "pydicom.encaps", "pydicom.dataset", "pydicom.uid", "pydicom.values",
         "pydicom.filereader", "pydicom.datadict", "pydicom.sr.codedict", "pydicom.sr.coding"]
if sys.argv[1:] != ["plain"]:
    one_at_a_time()
    one_at_a_time()
together = Barrier(len(names))

def first(name):
    together.wait()
    exec(f"import {name}")

with ThreadPoolExecutor(len(names)) as pool:
    for each in [pool.submit(first, name) for name in names]:
        each.result()
"""


def run(*options: str) -> int:
    command = [sys.executable, "-c", PROGRAM, *options]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode


def test_a_library_that_many_threads_import_first_is_whole() -> None:
    assert [run() for _ in range(3)] == [0, 0, 0]
