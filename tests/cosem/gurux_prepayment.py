"""Print, as JSON, what gurux-dlms says of the classes of prepayment. Run in a process of its own."""

import json
import sys

from gurux_dlms.objects.enums import (
    AccountStatus,
    ChargeType,
    CreditStatus,
    CreditType,
    Currency,
    PaymentMode,
    TokenDelivery,
    TokenStatusCode,
)
from gurux_encode import LN, WHEN
from gurux_media import described, made, sent

REGISTER = "1.0.1.8.0.255"


def unit_charge():
    table = [made("GXChargeTable", index=b"\1\2", chargePerUnit=1234)]
    scaling = made("GXChargePerUnitScaling", commodityScale=3, priceScale=-4)
    commodity = made("GXCommodity", target=made("GXDLMSRegister", logicalName=REGISTER), index=2)
    return made("GXUnitCharge", chargePerUnitScaling=scaling, commodity=commodity, chargeTables=table)


ACCOUNT = made(
    "GXDLMSAccount",
    logicalName=LN,
    paymentMode=PaymentMode.PREPAYMENT,
    accountStatus=AccountStatus.ACTIVE,
    availableCredit=-5,
    creditReferences=[LN],
    chargeReferences=[REGISTER],
    creditChargeConfigurations=[made("GXCreditChargeConfiguration", creditReference=LN, chargeReference=REGISTER)],
    tokenGatewayConfigurations=[made("GXTokenGatewayConfiguration", creditReference=LN, tokenProportion=100)],
    currency=made("GXCurrency", name="EUR", scale=-2, unit=Currency.MONETARY),
    accountActivationTime=WHEN,
    accountClosureTime=WHEN,
    maxProvision=7,
)
CREDIT = made("GXDLMSCredit", logicalName=LN, type_=CreditType.EMERGENCY, status=CreditStatus.IN_USE, period=WHEN)
CHARGE = made(
    "GXDLMSCharge",
    logicalName=LN,
    chargeType=ChargeType.TIME_BASED_COLLECTION,
    unitChargeActive=unit_charge(),
    unitChargePassive=unit_charge(),
    unitChargeActivationTime=WHEN,
    lastCollectionTime=WHEN,
    proportion=2500,
)
GATEWAY = made(
    "GXDLMSTokenGateway",
    logicalName=LN,
    token=b"59386323472137426967",
    time=WHEN,
    descriptions=["used"],
    deliveryMethod=TokenDelivery.MANUAL,
    statusCode=TokenStatusCode.VALIDATION_RESULT_FAILURE,
    dataValue="00001010",
)
OBJECTS = [ACCOUNT, CREDIT, CHARGE, GATEWAY]


def parameters():
    """Give class, method and the octets of the parameter that the peer's client sends, for the calls it has."""
    calls = [
        (ACCOUNT.activate,), (ACCOUNT.close,), (ACCOUNT.reset,),
        (CREDIT.updateAmount, 5), (CREDIT.setAmountToValue, 5), (CREDIT.invokeCredit, 0),
    ]  # fmt: skip
    for call in calls:
        try:
            yield sent(call)
        except Exception as error:  # noqa: BLE001 - a peer's failure is reported, not hidden
            yield [0, 0, f"! {type(error).__name__}: {error}"]


if __name__ == "__main__":
    json.dump({"objects": list(map(described, OBJECTS)), "parameters": list(parameters())}, sys.stdout, indent=1)
