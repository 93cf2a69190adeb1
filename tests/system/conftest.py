# SPDX-License-Identifier: MIT
"""The fixtures of the system tests stand in frame.py, because the tests of the ports use them too."""
from frame import *  # noqa: F403
