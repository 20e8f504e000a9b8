"""Golden values for chapter 6's quantization: absmax, blocks, and the bytes of ggml's formats q8_0 and q4_0.

Run:  python3 test/golden/generate_quantization.py     writes quantization.json beside this file; needs nothing but Python >= 3.6

Written from ggml's published C (ggml-quants.c: quantize_row_q8_0_ref, quantize_row_q4_0_ref and their dequantize_row), with
`struct` in the place of C's float and half: every float operation is done in double and packed to 32 bits, which is the float
operation itself, since 53 bits >= 2 * 24 + 2 (Figueroa 1995, "When is double rounding innocuous?").
The file has the form that generate.py describes; "torch" names ggml's function where there is one.
"""
import json
import math
import pathlib
import random
import struct

QK = 32


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def half_bytes(x):
    return list(struct.pack("<e", x))


def from_half(low, high):
    return struct.unpack("<e", bytes([low, high]))[0]


def roundf(x):
    """C's roundf: halves away from zero."""
    whole = math.floor(abs(x))
    if abs(x) - whole >= 0.5:
        whole += 1
    return -whole if x < 0 else whole


def quantize_q8_0(block):
    x = [f32(v) for v in block]
    amax = 0.0
    for v in x:
        amax = max(amax, abs(v))
    d = f32(amax / 127.0)
    inverse = f32(1.0 / d) if d else 0.0
    out = half_bytes(d)
    for v in x:
        out += list(struct.pack("<b", roundf(f32(v * inverse))))
    return out


def dequantize_q8_0(block):
    d = from_half(block[0], block[1])
    return [f32(q * d) for q in struct.unpack("<32b", bytes(block[2:]))]


def quantize_q4_0(block):
    x = [f32(v) for v in block]
    amax, largest = 0.0, 0.0
    for v in x:
        if amax < abs(v):
            amax, largest = abs(v), v
    d = f32(largest / -8.0)
    inverse = f32(1.0 / d) if d else 0.0
    level = lambda v: min(15, int(f32(f32(v * inverse) + 8.5)))
    out = half_bytes(d)
    for j in range(QK // 2):
        out.append(level(x[j]) | level(x[j + QK // 2]) << 4)
    return out


def dequantize_q4_0(block):
    d = from_half(block[0], block[1])
    y = [0.0] * QK
    for j in range(QK // 2):
        y[j] = f32(((block[2 + j] & 0x0F) - 8) * d)
        y[j + QK // 2] = f32(((block[2 + j] >> 4) - 8) * d)
    return y


def absmax(x):
    scale = max(abs(v) for v in x) / 127
    return [roundf(v / scale) for v in x], scale


def in_blocks(x, size, bits):
    levels = 2 ** (bits - 1) - 1
    out = []
    for start in range(0, len(x), size):
        block = x[start : start + size]
        scale = max(abs(v) for v in block) / levels
        out += [scale * roundf(v / scale) if scale else 0.0 for v in block]
    return out


def tensor(data, *shape):
    return {"shape": list(shape) if shape else [len(data)], "data": data}


def case(name, call, inputs, outputs):
    return {"name": name, "torch": call, "inputs": inputs, "outputs": outputs, "grads": {}}


def block_case(name, kind, x):
    quantize, dequantize = (quantize_q8_0, dequantize_q8_0) if kind == "q8_0" else (quantize_q4_0, dequantize_q4_0)
    data = quantize(x)
    call = f"quantize_row_{kind}_ref, dequantize_row_{kind}"
    return case(name, call, {"x": tensor(x)}, {"bytes": tensor(data), "y": tensor(dequantize(data))})


def matrix_case(name, kind, w, out, inputs):
    quantize, dequantize = (quantize_q8_0, dequantize_q8_0) if kind == "q8_0" else (quantize_q4_0, dequantize_q4_0)
    data, back = [], []
    for at in range(0, len(w), QK):
        block = quantize(w[at : at + QK])
        data += block
        back += dequantize(block)
    call = f"quantize_row_{kind}_ref over {out} rows of {inputs}"
    return case(name, call, {"w": tensor(w, out, inputs)}, {"bytes": tensor(data), "y": tensor(back, out, inputs)})


def main():
    rng = random.Random(7)
    noise = lambda n, scale=1.0: [rng.gauss(0, scale) for _ in range(n)]
    # d is 41, and 41 * float(1 / 41) is not 1: what lies on a half by division does not lie there by multiplication.
    forty_one = [-5207.0] + [20.5 * (2 * i - 15) for i in range(31)]
    # d is 7: the same for q4_0, where the sum with 8.5 is rounded to a float as well. 2261 is no number of half precision.
    seven, large = ([-8.0 * d] + [abs(d) * (i % 15 - 7.5) for i in range(31)] for d in (-7, 2261))
    # d is 1: halves are exact, of both signs.
    halves = {"q8_0": [-127.0] + [i - 15.5 for i in range(31)], "q4_0": [-8.0] + [(i - 15) / 2 for i in range(31)]}
    # Both 1.5 and -1.5 come several times; the first of them is positive, the last negative.
    equal = [0.25 * (6 - (5 * i) % 13) for i in range(QK)]
    # Halves of a scale that is no float, in numbers that are none: what is not packed to 32 bits at once lies elsewhere.
    eleven = [-11.0] + [11 / 127 * (i - 14.5) for i in range(31)]
    seven_tenths = [-0.7] + [0.0875 * (i % 15 - 7.5) for i in range(31)]
    zeros = [0.0] * QK
    x, blocks = noise(15), noise(11)
    q, scale = absmax(x)
    cases = [
        case("absmax", "round(127 x / max |x|)", {"x": tensor(x, 3, 5)}, {"q": tensor(q), "scale": scale}),
        *[
            case(
                f"blocks of {size}, {bits} bits",
                "absmax in blocks",
                {"x": tensor(blocks), "size": size, "bits": bits},
                {"y": tensor(in_blocks(blocks, size, bits))},
            )
            for size, bits in [(4, 4), (3, 3), (8, 8)]
        ],
        block_case("q8_0 noise", "q8_0", noise(QK)),
        block_case("q8_0 forty-one", "q8_0", forty_one),
        block_case("q8_0 eleven", "q8_0", eleven),
        block_case("q4_0 noise", "q4_0", noise(QK)),
        block_case("q4_0 seven", "q4_0", seven),
        block_case("q4_0 large", "q4_0", large),
        block_case("q4_0 equal sizes", "q4_0", equal),
        block_case("q4_0 seven tenths", "q4_0", seven_tenths),
        # Rows of two blocks. A scale below half precision's smallest number; a block of zeros; exact halves.
        *[
            matrix_case(f"{kind} matrix", kind, noise(QK) + zeros + noise(QK, 1e-8) + noise(QK) + halves[kind] + noise(QK), 3, 64)
            for kind in ("q8_0", "q4_0")
        ],
    ]
    path = pathlib.Path(__file__).with_name("quantization.json")
    path.write_text("[" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "]\n")
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


main()
