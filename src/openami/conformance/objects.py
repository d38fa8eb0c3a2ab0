"""COSEM objects: every attribute of every object in every association (named after the ATS of COSEM objects)."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeAlias

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.inventory import Listed, inventory
from openami.conformance.target import Login
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group
from openami.conformance.words import is_refusal, words
from openami.core.errors import AmiError, result_name
from openami.cosem.objects import decode_whole
from openami.dlms.data import ANY, LOGICAL_NAME, UINT32, AnyCodec
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult, EntryDescriptor, Selection, get_request_normal

Visit: TypeAlias = Callable[[Trial, Dialogue, Listed], Awaitable[bool]]

NAME, PROFILE, BUFFER, ENTRIES_IN_USE = 1, 7, 2, 7
#: Buffers with more rows than this are not read whole.
MOST_ROWS: Final = 1000
FIRST_ROW: Final = EntryDescriptor(1, 1).encode()
#: Failures told beside the first; the rest is counted.
MOST_TOLD: Final = 10
#: Attributes that are not written back: secret, policy, and the clock, which would be set back.
UNTOUCHED: Final = frozenset({(15, 7), (64, 2), (8, 2)})
#: Octets that a SET adds to a value, and a cipher to that.
SET_OVERHEAD: Final = 64
NO_LIMIT: Final = 0xFFFF


class Findings:
    """What is wrong in a walk: the first is told as the failure, some more as remarks, the rest is counted."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.checked = 0
        self.failures: list[FailedError] = []

    @contextmanager
    def one(self) -> Generator[None]:
        """Keep what is wrong with one attribute, and go on."""
        try:
            yield
        except FailedError as error:
            self.failures.append(error)

    def judge(self, what: str) -> None:
        """Say how many were seen, and fail with the first that was wrong."""
        self.trial.note(f"{self.checked} {what}")
        told = self.failures[1 : MOST_TOLD + 1]
        for error in told:
            self.trial.note(str(error))
        if len(self.failures) > len(told) + 1:
            self.trial.note(f"and {len(self.failures) - len(told) - 1} more")
        if self.failures:
            raise self.failures[0]


def walkable(trial: Trial) -> tuple[Login, ...]:
    """Choose the associations whose object list says what may be read."""
    return trial.logins(lambda login: not login.is_short, "by logical names")


async def walk(trial: Trial, visit: Visit, what: str) -> None:
    """Visit every attribute of every object in every association; `visit` says whether it counted."""
    findings = Findings(trial)
    for login in walkable(trial):
        dialogue = await trial.associate(login)
        for attribute in (await inventory(dialogue)).attributes():
            with findings.one():
                findings.checked += await visit(trial, dialogue, attribute)
            if dialogue.talk.ended:
                findings.judge(what)
                raise FailedError(f"a request about {attribute.descriptor}", "an answer", dialogue.talk.ended)
        await trial.leave(dialogue.talk)
    findings.judge(what)


@case("COSEM_x_y", "every attribute is readable as listed, and of its type", Group.OBJECTS)
async def attributes(trial: Trial) -> None:
    """Readable: a value of the type, range or enumeration of its class. Not readable: refused. In every association."""
    await walk(trial, read_as_listed, "attributes read or refused as listed")


async def read_as_listed(trial: Trial, dialogue: Dialogue, attribute: Listed) -> bool:
    """Read one attribute, or be refused."""
    where = attribute.descriptor
    if not attribute.may_be_read:
        answer = await dialogue.ask(get_request_normal(dialogue.invoke(), where, None))
        if not is_refusal(answer):
            raise FailedError(f"GET {where}, which is not readable", "a refusal", words(answer))
        return True
    selection = FIRST_ROW if await is_long(dialogue, where) else None
    if selection is not None:
        trial.note(f"{where} has more than {MOST_ROWS} rows: the first was read")
    check_type(trial, attribute, await value_of(dialogue, where, selection))
    return True


async def is_long(dialogue: Dialogue, where: AttributeDescriptor) -> bool:
    """Whether an attribute is a buffer that is not read whole."""
    if (where.class_id, where.attribute_id) != (PROFILE, BUFFER):
        return False
    return await rows_in_use(dialogue, where) > MOST_ROWS


async def rows_in_use(dialogue: Dialogue, where: AttributeDescriptor) -> int:
    """How many rows a profile has; as many as may be read whole if it does not tell."""
    value = await dialogue.get(where._replace(attribute_id=ENTRIES_IN_USE))
    try:
        return UINT32.decode(value)[0] if isinstance(value, bytes) else MOST_ROWS
    except AmiError as error:
        raise FailedError(f"GET entries in use of {where}", UINT32.name, str(error)) from error


async def value_of(dialogue: Dialogue, where: AttributeDescriptor, selection: Selection | None = None) -> bytes:
    """Read an attribute that is readable."""
    value = await dialogue.get(where, selection)
    if not isinstance(value, bytes):
        raise FailedError(f"GET {where}, which is readable", "data", result_name(value))
    return value


def check_type(trial: Trial, attribute: Listed, value: bytes) -> None:
    """Hold that a value is of the type its class has; a type we are not sure of gives a remark."""
    where, declared = attribute.descriptor, attribute.declared()
    if where.attribute_id == NAME and value != LOGICAL_NAME.encode(where.logical_name):
        raise FailedError(f"GET {where}", "the logical name", "another value")
    codec: AnyCodec = ANY if declared is None else declared.codec
    try:
        decode_whole(codec, value)
    except AmiError as error:
        failure = FailedError(f"GET {where}", codec.name, str(error))
        if declared is None or declared.verified:
            raise failure from error
        trial.note(f"{failure} (the type is from general knowledge)")


@case("COSEM_x_y_WRITE", "every attribute is writeable as listed", Group.OBJECTS, writes=True)
async def written_back(trial: Trial) -> None:
    """Its own value is written to each readable attribute: taken where it is writeable, else refused."""
    await walk(trial, write_as_listed, "attributes written back, or refused as listed")


async def write_as_listed(trial: Trial, dialogue: Dialogue, attribute: Listed) -> bool:
    """Write one attribute back, or be refused; some take what is written as an acknowledgement, and change."""
    where = attribute.descriptor
    if not attribute.may_be_read or (where.class_id, where.attribute_id) in UNTOUCHED:
        return False
    if await is_long(dialogue, where):
        return False
    value = await dialogue.get(where)
    room = (dialogue.response.server_max_receive_pdu_size or NO_LIMIT) - SET_OVERHEAD
    if not isinstance(value, bytes) or len(value) > room:
        return False
    result = await dialogue.set(where, value)
    if not attribute.may_be_written:
        if result is DataAccessResult.SUCCESS:
            raise FailedError(f"SET {where}, which is not writeable", "a refusal", result_name(result))
        return True
    if result is not DataAccessResult.SUCCESS:
        raise FailedError(f"SET {where} to its own value, which is writeable", "success", result_name(result))
    if await dialogue.get(where) != value:
        trial.note(f"{where} has another value after its own was written to it")
    return True


CASES: Final = (attributes, written_back)
