"""Users of one client SAP: the calling-AE-invocation-identifier says which (Blue Book, class 15, user_list)."""

from dataclasses import replace

import pytest

from openami.dlms.acse import AARE, AARQ, AssociationResult, Diagnostic
from openami.dlms.security import Security
from openami.dlms.server import Association
from openami.dlms.xdlms import DEFAULT_CONFORMANCE, InitiateRequest
from pair import ASSOCIATIONS, CLOCK, PASSWORD, Pair, hls5

INITIATE = InitiateRequest(DEFAULT_CONFORMANCE, 0xFFFF).encode()


def answer(users: frozenset[int], user: int | None) -> AARE:
    """The AARE to a client that names its user."""
    pair = Pair(associations={16: Association(16, users=users)})
    return AARE.decode(pair.strike(AARQ(calling_ae_invocation_id=user, user_information=INITIATE).encode()))


@pytest.mark.parametrize("user", [1, 7])
def test_a_listed_user_associates(user):
    assert answer(frozenset((1, 7)), user).result is AssociationResult.ACCEPTED


@pytest.mark.parametrize("user", [None, 2, 255])
def test_nobody_else_does_where_users_are_listed(user):
    refused = answer(frozenset((1, 7)), user)
    assert refused.result is AssociationResult.REJECTED_PERMANENT
    assert refused.diagnostic is Diagnostic.CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED


@pytest.mark.parametrize(
    "level", [(16, Security.none()), (2, Security.lls(PASSWORD)), (1, hls5())], ids=["none", "low", "gmac"]
)
def test_our_client_says_which_user_it_is(level):
    sap, security = level
    associations = {sap: replace(ASSOCIATIONS[sap], users=frozenset((7,)))}
    assert Pair(security.as_user(7), client_sap=sap, associations=associations).associate().get(CLOCK)
    stranger = Pair(security, client_sap=sap, associations=associations)
    refused = stranger.failure(stranger.client.associate(now=stranger.now))
    assert refused.diagnostic is Diagnostic.CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED


@pytest.mark.parametrize("user", [None, 2])
def test_without_a_list_the_user_is_not_asked_for(user):
    assert answer(frozenset(), user).result is AssociationResult.ACCEPTED
