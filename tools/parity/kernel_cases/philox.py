"""The uniforms of levin's dropout: Philox 4×32-10 (Salmon et al. 2011), the element's index as counter."""

import torch

MASK = 0xFFFFFFFF


def words(counter, key):
    c0, c1, c2, c3 = counter & MASK, counter >> 32, 0, 0
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 1 << 32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def kept(shape, rate, key):
    """1 where an element stays, 0 where it is dropped."""
    count = torch.Size(shape).numel()
    uniforms = [(words(i // 4, key)[i % 4] >> 8) / 2**24 for i in range(count)]
    return (torch.tensor(uniforms).reshape(shape) >= rate).double()
