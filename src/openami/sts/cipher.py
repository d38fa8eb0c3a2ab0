"""Encryption of data blocks by the algorithm of the key, one by one and many at once."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.sts import ea07, misty1
from openami.sts.keys import EA, DecoderKey

Blocks: TypeAlias = NDArray[np.uint64]
Keys: TypeAlias = NDArray[np.uint8]


def encrypt(block: int, key: DecoderKey, tables: ea07.Tables = ea07.SAMPLE) -> int:
    """One data block; `tables` are those of EA07."""
    if key.ea is EA.MISTY1:
        return misty1.encrypt(block, key.octets)
    return tables.encrypt(block, key.number)


def decrypt(block: int, key: DecoderKey, tables: ea07.Tables = ea07.SAMPLE) -> int:
    """One data block."""
    if key.ea is EA.MISTY1:
        return misty1.decrypt(block, key.octets)
    return tables.decrypt(block, key.number)


def encrypt_many(blocks: Blocks, keys: Keys, tables: ea07.Tables = ea07.SAMPLE) -> Blocks:
    """Each block under its own key, of 16 octets for EA11, of 8 for EA07. [n], [n, 16 or 8] -> [n]."""
    if is_misty1(keys):
        return misty1.encrypt_blocks(blocks, keys)
    return tables.encrypt_blocks(blocks, numbers(keys))


def decrypt_many(blocks: Blocks, keys: Keys, tables: ea07.Tables = ea07.SAMPLE) -> Blocks:
    """Each block under its own key. [n], [n, 16 or 8] -> [n]."""
    if is_misty1(keys):
        return misty1.decrypt_blocks(blocks, keys)
    return tables.decrypt_blocks(blocks, numbers(keys))


def is_misty1(keys: Keys) -> bool:
    """Tell the algorithm by the length of the keys."""
    return bool(keys.shape[1] * 8 == EA.MISTY1.key_bits)


def numbers(keys: Keys) -> Blocks:
    """Keys of 8 octets as numbers. [n, 8] -> [n]."""
    return np.ascontiguousarray(keys).view(">u8").reshape(-1).astype(np.uint64)
