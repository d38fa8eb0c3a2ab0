"""Decode an APDU as it came over TCP: a ciphered GET response that holds four rows of a load profile.

Keys and frame are those of a simulated meter; the keys are the ones that the standards print in their examples.
"""

from openami.dlms import profile, xdlms
from openami.dlms.security import Cipher, envelope

FRAME = bytes.fromhex("""
000100010001008ACC818730000000040AFCE612B15DD6EFD2EBCCB84CDBC5BB04694A87D472924BC789672363E9C4BD
FB00278BDB57323E3086F68F153A1836554CBDD5A50E9BDD4A3E23777A0A35B2288C4BD5DC9BB25DFE4FF19419043873
5D135B9631CA7AC96CE0D9F47D90C7096ED0ABF24010C76C1CB182B457FDACE6780B47CC5CBC1F402C5D873DC9D2755B
3E56
""")
ENCRYPTION_KEY = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
AUTHENTICATION_KEY = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
SYSTEM_TITLE = b"OAM\0\0\0\0\1"

protected = envelope.decode(FRAME[8:])[3]  # the eight octets before it are the header of the TCP wrapper
apdu = Cipher(ENCRYPTION_KEY, AUTHENTICATION_KEY).unprotect(SYSTEM_TITLE, protected)
value = xdlms.GetResponseNormal.decode(apdu).result
if not isinstance(value, bytes):
    raise SystemExit(f"the meter refused: {value.name}")
rows = profile.decode_profile(value)
for at, imported, exported in zip(rows.stamps(), rows.columns[2], rows.columns[3], strict=True):
    print(f"{at.astype('datetime64[s]')}Z  import {imported} Wh  export {exported} Wh")
