"""Say in one sentence what is missing before a virtual environment can be made.

Runs under whatever Python there is, old ones included, so it uses no newer syntax.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "error: this is Python %d.%d, and StructMask needs 3.11 or newer. Install it"
        " (on Debian or Ubuntu: apt-get install python3 python3-venv) and call:"
        " make PYTHON=python3.11" % sys.version_info[:2]
    )
for module in ("venv", "ensurepip"):
    try:
        __import__(module)
    except ImportError:
        sys.exit(
            "error: this Python has no module %s, which sets up the virtual environment."
            " On Debian or Ubuntu: apt-get install python3-venv" % module
        )
