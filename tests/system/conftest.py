# SPDX-License-Identifier: MIT
"""The fixtures of the system tests stand in frame.py, because the tests of the ports use them too."""
from frame import *  # noqa: F403


def pytest_configure(config):
    config.addinivalue_line("markers", "not_on_qemu(reason): cannot hold for a machine of QEMU")
