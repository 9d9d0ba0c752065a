"""`make run`. The Makefile runs this file itself, so that a package missing from .venv is told in a sentence."""

import sys
from pathlib import Path

if sys.version_info < (3, 13):  # noqa: UP036  it may be run with any python
    sys.exit("Tipstaff needs Python 3.13 or newer: delete .venv and run make again, which installs one.")

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

try:
    from tipstaff.demo.start import main
except ModuleNotFoundError as error:
    sys.exit(f"Tipstaff: the package {error.name} is missing from .venv: delete .venv and run make again.")

sys.exit(main())
