"""Suites, control bits and policies by the numbers of the standard (dlms.md §6.4)."""

import pytest

from openami.dlms.security.suite import SIGNED, Policy, SecurityControl, Suite


def test_numbers_of_the_standard():
    assert [suite.key_length for suite in Suite] == [16, 16, 32]
    assert [Policy(number).control for number in range(4)] == [0x00, 0x10, 0x20, 0x30]
    assert [control.value for control in SecurityControl] == [0x10, 0x20, 0x40, 0x80]


@pytest.mark.parametrize("number", range(4))
def test_a_policy_of_version_0_is_for_both_directions(number):
    assert Policy(number).request == Policy(number).response == Policy(number).control


@pytest.mark.parametrize(
    ("bit", "request_bits", "response_bits"),
    [(2, 0x10, 0), (3, 0x20, 0), (4, SIGNED, 0), (5, 0, 0x10), (6, 0, 0x20), (7, 0, SIGNED)],
)
def test_a_policy_of_version_1_has_a_bit_for_each_direction(bit, request_bits, response_bits):
    policy = Policy(1 << bit)
    assert (policy.request, policy.response) == (request_bits, response_bits)


def test_all_bits_of_version_1_ask_for_everything():
    assert Policy(0xFC).request == Policy(0xFC).response == 0x30 | SIGNED
    assert Policy(0xFC).control == 0x30
