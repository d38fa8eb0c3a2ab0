"""SYMSEC_0_Key_Tx: keys are changed, wrapped under the master key (named after the ATS; Blue Book, class 64)."""

from dataclasses import replace
from typing import Final

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.forgery import ciphered, keys_of
from openami.conformance.inventory import inventory
from openami.conformance.probes import alive, refused
from openami.conformance.target import Login
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group, NotApplicableError
from openami.core.errors import result_name
from openami.core.obis import OBIS
from openami.dlms.axdr import encode_length
from openami.dlms.data import OCTET_STRING
from openami.dlms.security import KeyId, Keys, wrap
from openami.dlms.xdlms import ActionResult, MethodDescriptor

SECURITY_SETUP, KEY_TRANSFER = 64, 2
#: No key has this id.
NO_KEY_ID: Final = 9
#: Field of `Keys` that each id means.
FIELDS: Final = {
    KeyId.GLOBAL_UNICAST_ENCRYPTION: "encryption",
    KeyId.AUTHENTICATION: "authentication",
}


def transfer(key_id: int, wrapped: bytes) -> bytes:
    """Make the parameter of key_transfer: one key, by whatever id."""
    return b"\x01" + encode_length(1) + bytes((2, 2, 22, key_id)) + OCTET_STRING.encode(wrapped)


async def keyholder(trial: Trial) -> tuple[Dialogue, MethodDescriptor]:
    """Open the association that may change keys; without one the case does not apply."""
    for login in ciphered(trial):
        if keys_of(login).master is None:
            raise NotApplicableError(f"{login} was given no master key")
        dialogue = await trial.associate(login)
        listed = await inventory(dialogue)
        for element in listed.of_class(SECURITY_SETUP):
            if listed.can_call(element, KEY_TRANSFER):
                return dialogue, MethodDescriptor(SECURITY_SETUP, OBIS(element.logical_name), KEY_TRANSFER)
        await trial.leave(dialogue.talk)
    raise NotApplicableError("no association may invoke the key transfer of a security setup")


async def transferred(dialogue: Dialogue, method: MethodDescriptor, key_id: KeyId, key: bytes) -> None:
    """Hold that a key is taken."""
    master = keys_of(dialogue.login).master or b""
    result, _ = await dialogue.action(method, transfer(key_id, wrap(master, key)))
    if result is not ActionResult.SUCCESS:
        raise FailedError(f"transfer of key {key_id.value}", "success", result_name(result))


def spare_key(login: Login) -> bytes:
    """Give the key to change to, which whoever runs the case must know; without one the case does not apply."""
    if login.spare_key is None:
        raise NotApplicableError("no spare key to change to was given in the target file")
    if login.spare_key in {keys_of(login).encryption, keys_of(login).authentication}:
        raise NotApplicableError("the spare key is in use already")
    return login.spare_key


async def changed(trial: Trial, dialogue: Dialogue, method: MethodDescriptor, key_id: KeyId) -> Login:
    """Change a key to the spare one, which opens associations from then on; the one before opens none."""
    login, name = dialogue.login, FIELDS[key_id]
    spare = spare_key(login)
    await transferred(dialogue, method, key_id, spare)
    await trial.leave(dialogue.talk)
    renewed = with_key(login, name, spare)
    await alive(await trial.associate(renewed))
    await refused(trial, login, f"under the {name} key that was replaced", lambda handshake: handshake.aarq())
    return renewed


def with_key(login: Login, name: str, key: bytes) -> Login:
    """Make the same association under another key; under another encryption key counting begins anew."""
    keys: Keys = replace(keys_of(login), **{name: key})
    return replace(login, security=replace(login.security, keys=keys, invocation_counter=None))


async def untaken(trial: Trial, key_id: int, *, spoil: int, sent: str) -> None:
    """Hold that a transfer is refused and changes nothing. What it brings is the key that is there already."""
    dialogue, method = await keyholder(trial)
    login, keys = dialogue.login, keys_of(dialogue.login)
    wrapped = wrap(keys.master or b"", keys.encryption)
    wrapped = wrapped[:-1] + bytes((wrapped[-1] ^ spoil,))
    result, _ = await dialogue.action(method, transfer(key_id, wrapped))
    if result is ActionResult.SUCCESS:
        raise FailedError(sent, "a refusal", result_name(result))
    await trial.leave(dialogue.talk)
    await alive(await trial.associate(login))


@case("SYMSEC_0_Key_Tx_P1", "the global unicast encryption key is changed", Group.SECURITY, writes=True)
async def encryption_key(trial: Trial) -> None:
    """Key transfer to the spare key, for good: it opens associations, the one before none.

    There is no way back: under a key that was used before, counters that begin anew would let old requests in.
    """
    dialogue, method = await keyholder(trial)
    renewed = await changed(trial, dialogue, method, KeyId.GLOBAL_UNICAST_ENCRYPTION)
    trial.memory.renew(renewed)
    trial.note(f"the encryption key of {renewed} is the spare key from now on")


@case("SYMSEC_0_Key_Tx_P2", "the global broadcast encryption key is changed", Group.SECURITY, writes=True)
async def broadcast_key(trial: Trial) -> None:
    """Key transfer of the broadcast key as it was given: success, and the association outlives it."""
    dialogue, method = await keyholder(trial)
    key = keys_of(dialogue.login).broadcast
    if key is None:
        raise NotApplicableError("no broadcast key was given in the target file")
    await transferred(dialogue, method, KeyId.GLOBAL_BROADCAST_ENCRYPTION, key)
    await alive(dialogue)


@case("SYMSEC_0_Key_Tx_P3", "the authentication key is changed", Group.SECURITY, writes=True)
async def authentication_key(trial: Trial) -> None:
    """Key transfer to the spare key: it opens associations, the one before none. Then back."""
    dialogue, method = await keyholder(trial)
    login, key_id = dialogue.login, KeyId.AUTHENTICATION
    renewed = await changed(trial, dialogue, method, key_id)
    await transferred(await trial.associate(renewed), method, key_id, keys_of(login).authentication)
    await alive(await trial.associate(login))


@case("SYMSEC_0_Key_Tx_N1", "a key of an unknown id is not taken", Group.SECURITY, writes=True)
async def bad_key_id(trial: Trial) -> None:
    """Key transfer with id 9, rightly wrapped: refused, and the keys are what they were."""
    await untaken(trial, NO_KEY_ID, spoil=0, sent=f"transfer of a key of id {NO_KEY_ID}")


@case("SYMSEC_0_Key_Tx_N2", "a key that is wrongly wrapped is not taken", Group.SECURITY, writes=True)
async def bad_wrapping(trial: Trial) -> None:
    """Key transfer of a wrapped key with one bit changed: refused, and the keys are what they were."""
    await untaken(trial, KeyId.GLOBAL_UNICAST_ENCRYPTION, spoil=1, sent="transfer of a key that is wrongly wrapped")


#: The key that opens everything is changed last.
CASES: Final = (bad_key_id, bad_wrapping, broadcast_key, authentication_key, encryption_key)
