"""SYMSEC_0_SecPol: requests that are less protected than the security policy are refused (named after the ATS)."""

from typing import Final

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.forgery import AE, PROTECTIONS, A, E, ciphered, forged, moved, unmoved
from openami.conformance.handshake import CURRENT_ASSOCIATION, Handshake
from openami.conformance.probes import refused
from openami.conformance.protection import GET, revived
from openami.conformance.trial import Trial
from openami.conformance.verdict import Group, NotApplicableError
from openami.core.errors import AmiError
from openami.cosem.association import AssociationLNv1
from openami.cosem.security_setup import SecuritySetup
from openami.dlms.acse import AARQ
from openami.dlms.security import Policy

REFERENCE: Final = AssociationLNv1.security_setup_reference
POLICY: Final = SecuritySetup.security_policy


async def policy_of(dialogue: Dialogue) -> Policy:
    """Read the policy of an association in its security setup; what we were given, where that is not told."""
    given = dialogue.login.security.policy
    try:
        name = await dialogue.get(REFERENCE.at(CURRENT_ASSOCIATION))
        if not isinstance(name, bytes):
            return given
        value = await dialogue.get(POLICY.at(REFERENCE.codec.decode(name)[0]))
        return Policy(POLICY.codec.decode(value)[0]) if isinstance(value, bytes) else given
    except AmiError:
        return given


async def held_to(trial: Trial, wanted: int) -> None:
    """Put the policy of every association that has this one to the test; without any the case does not apply."""
    others: set[str] = set()
    for login in ciphered(trial):
        dialogue = await trial.associate(login)
        policy = await policy_of(dialogue)
        if policy.request & AE != wanted:
            others.add(f"that of {login} is: {PROTECTIONS[policy.request & AE]}")
            continue
        await held(trial, dialogue, policy)
    if len(others) == len(ciphered(trial)):
        raise NotApplicableError(f"no association has this policy ({'; '.join(sorted(others))})")


async def held(trial: Trial, dialogue: Dialogue, policy: Policy) -> None:
    """Send GET under every protection, and AARQs under less than there must be."""
    login, least = dialogue.login, policy.request & AE
    for control in PROTECTIONS:
        sent = f"GET of {login}, {PROTECTIONS[control]}"
        request = forged(dialogue, GET, control=control) if control else GET
        if control & least == least:
            await moved(dialogue, request, sent, policy.response & AE)
        else:
            await unmoved(dialogue, request, sent)
            dialogue = await revived(trial, dialogue)
    await refused(trial, login, "with an initiate-request in clear", in_clear)


def in_clear(handshake: Handshake) -> AARQ:
    """Make an AARQ whose initiate-request is not ciphered."""
    return handshake.aarq(user_information=handshake.initiate().encode())


@case("SYMSEC_0_SecPol_1", "policy authenticated: what is not authenticated is refused", Group.SECURITY)
async def authenticated(trial: Trial) -> None:
    """Where the policy is that: requests in clear and encrypted alone are refused, authenticated ones served."""
    await held_to(trial, A)


@case("SYMSEC_0_SecPol_2", "policy encrypted: what is not encrypted is refused", Group.SECURITY)
async def encrypted(trial: Trial) -> None:
    """Where the policy is that: requests in clear and authenticated alone are refused, encrypted ones served."""
    await held_to(trial, E)


@case("SYMSEC_0_SecPol_3", "policy authenticated and encrypted: nothing less is served", Group.SECURITY)
async def authenticated_and_encrypted(trial: Trial) -> None:
    """Where the policy is that: requests in clear, authenticated alone and encrypted alone are refused."""
    await held_to(trial, AE)


CASES: Final = (authenticated, encrypted, authenticated_and_encrypted)
