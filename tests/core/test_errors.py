import copy
import pickle
from enum import IntEnum

import pytest

from openami.core.errors import (
    AccessError,
    ActionError,
    AmiError,
    AssociationError,
    ConnectionLost,
    DecodeError,
    DefinitionError,
    EncodeError,
    LinkError,
    LinkTimeout,
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    SecurityError,
    ServiceError,
)


class Result(IntEnum):
    READ_WRITE_DENIED = 3


SENTENCES = [
    (DecodeError("tag 99 is no data type", offset=7), "tag 99 is no data type (at octet 7)"),
    (DecodeError("cut off"), "cut off"),
    (EncodeError("300 does not fit unsigned"), "300 does not fit unsigned"),
    (AccessError(Result.READ_WRITE_DENIED, "Register.value of 1.0.1.8.0.255"),
     "Register.value of 1.0.1.8.0.255: data-access-result read-write-denied"),
    (AccessError(250), "data-access-result 250"),
    (ActionError(Result.READ_WRITE_DENIED, "reset"), "reset: action-result read-write-denied"),
    (AssociationError("association refused", result=1, diagnostic=Result(3), hint="wrong client"),
     "association refused (result 1, diagnostic read-write-denied); wrong client"),
    (AssociationError("no answer"), "no answer"),
    (DefinitionError("unknown key", file="compactiq.toml", key="object.7.scalar"),
     "compactiq.toml: object.7.scalar: unknown key"),
    (DefinitionError("no file"), "no file"),
    (RemoteProtocolError("GET before association", reply=b"\xd8\x01\x01"), "GET before association"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "sentence"), SENTENCES)
def test_error_makes_one_sentence_and_survives_a_process_border(error, sentence):
    assert str(error) == sentence
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), sentence, vars(error))
    assert str(copy.copy(error)) == sentence


def test_tree_lets_one_except_catch_all():
    assert issubclass(LocalProtocolError, ProtocolError)
    assert issubclass(RemoteProtocolError, ProtocolError)
    for kind in (AccessError, ActionError, AssociationError):
        assert issubclass(kind, ServiceError)
    for kind in (ConnectionLost, LinkTimeout):
        assert issubclass(kind, LinkError)
    for kind in (
        DecodeError,
        EncodeError,
        ProtocolError,
        SecurityError,
        ServiceError,
        LinkError,
        DefinitionError,
    ):
        assert issubclass(kind, AmiError)
