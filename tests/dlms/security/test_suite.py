"""Suites, control bits and policies by the numbers of the standard (dlms.md §6.4)."""

from openami.dlms.security.suite import Policy, SecurityControl, Suite


def test_numbers_of_the_standard():
    assert [suite.key_length for suite in Suite] == [16, 16, 32]
    assert [policy.control for policy in Policy] == [0x00, 0x10, 0x20, 0x30]
    assert [control.value for control in SecurityControl] == [0x10, 0x20, 0x40, 0x80]
