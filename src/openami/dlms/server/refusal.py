"""Requests that are not served."""

from openami.core.errors import ProtocolError
from openami.dlms.xdlms import ServiceErrorCode, StateError


class NotServedError(ProtocolError):
    """A request that is answered by an exception-response."""

    def __init__(self, state_error: StateError, service_error: ServiceErrorCode) -> None:
        super().__init__(f"{state_error.name}, {service_error.name}")
        self.state_error = state_error
        self.service_error = service_error
