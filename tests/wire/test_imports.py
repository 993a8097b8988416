"""What the room costs at start: nothing heavy before it is used."""

import subprocess
import sys

IMPORT_ALL = """
import pkgutil, sys
import dicomweb.wire
for module in pkgutil.walk_packages(dicomweb.wire.__path__, "dicomweb.wire."):
    __import__(module.name)
heavy = {"pydicom", "numpy", "starlette", "sqlalchemy", "PIL", "imagecodecs"} & set(sys.modules)
sys.exit(", ".join(heavy) or 0)
"""


def test_the_room_is_imported_without_anything_heavy() -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
