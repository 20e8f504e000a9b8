/**
 * Matrix products in WebAssembly, for those large enough to be worth the way there. simd.wat is the source: the same
 * sums in the same order as in matmul.ts, so the same bits, some five times as fast.
 *
 * Where there is no WebAssembly, or it is not allowed, `product` says so and matmul.ts does the work itself.
 */
import { copyOf } from './memory.ts';
import { instantiate } from './webassembly.ts';

/** simd.wat, compiled by `npm run kernel`, in hexadecimal. */
const code =
  '0061736d01000000010b0160077f7f7f7f7f7f7f00030201000503010001071502066d656d6f72790200086d756c7469706c7900000ace0701cb07040c7f037b017c087b2005410374210720064103742108200320054105746a210902400340200a41046a20064a0d012002200a4103746a210c2003210d02400340200d20094f0d01200d200cfd000400fd0b0400200d200cfd000410fd0b0410200d41206a210d200c20086a210c0c000b0b2001210f2000200a4103746a210e4100210b02400340200b41046a20044a0d01200f20076a2110201020076a2111201120076a2112fd0c000000000000000000000000000000002117fd0c000000000000000000000000000000002118fd0c000000000000000000000000000000002119fd0c00000000000000000000000000000000211afd0c00000000000000000000000000000000211bfd0c00000000000000000000000000000000211cfd0c00000000000000000000000000000000211dfd0c00000000000000000000000000000000211e2003210d02400340200d20094f0d01200dfd0004002113200dfd0004102114200ffd0a03002115201720152013fdf201fdf0012117201820152014fdf201fdf00121182010fd0a03002115201920152013fdf201fdf0012119201a20152014fdf201fdf001211a2011fd0a03002115201b20152013fdf201fdf001211b201c20152014fdf201fdf001211c2012fd0a03002115201d20152013fdf201fdf001211d201e20152014fdf201fdf001211e200f41086a210f201041086a2110201141086a2111201241086a2112200d41206a210d0c000b0b200e2017fd0b0400200e2018fd0b0410200e20086a210e200e2019fd0b0400200e201afd0b0410200e20086a210e200e201bfd0b0400200e201cfd0b0410200e20086a210e200e201dfd0b0400200e201efd0b0410200e20086a210e2012210f200b41046a210b0c000b0b02400340200b20044e0d01fd0c000000000000000000000000000000002117fd0c0000000000000000000000000000000021182003210d02400340200d20094f0d01200ffd0a0300211520172015200dfd000400fdf201fdf001211720182015200dfd000410fdf201fdf0012118200f41086a210f200d41206a210d0c000b0b200e2017fd0b0400200e2018fd0b0410200e20086a210e200b41016a210b0c000b0b200a41046a210a0c000b0b02400340200a20064e0d014100210b2001210f2000200a4103746a210e02400340200b20044e0d012002200a4103746a210c200f20076a2109440000000000000000211602400340200f20094f0d012016200f2b0300200c2b0300a2a02116200f41086a210f200c20086a210c0c000b0b200e2016390300200e20086a210e200b41016a210b0c000b0b200a41016a210a0c000b0b0b';

/** Below so many multiplications, copying the operands over costs more than it gains. */
const SMALLEST = 2048;

/** Larger operands than this many numbers (256 MB) are left to matmul.ts rather than copied. */
const LARGEST = 2 ** 25;

const PAGE = 65_536;

interface Kernel {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** All addresses in bytes: out (m, n) = a (m, k) · b (k, n), with room for (k, 4) numbers at `strip`. */
  multiply(out: number, a: number, b: number, strip: number, m: number, k: number, n: number): void;
}

/** undefined until it is asked for, null where there can be none. */
let kernel: Kernel | null | undefined;
let numbers = new Float64Array(0);

/** The kernel's memory as numbers, at least so many; undefined when the system has none left. */
function room({ memory }: Kernel, size: number): Float64Array | undefined {
  const missing = size * 8 - memory.buffer.byteLength;
  try {
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  } catch {
    return undefined;
  }
  if (numbers.buffer !== memory.buffer) numbers = new Float64Array(memory.buffer);
  return numbers;
}

/** A matrix (m, k) times a matrix (k, n). */
export interface Sizes {
  m: number;
  k: number;
  n: number;
}

/** Which matrices are multiplied: calls `each` with where they begin in a, in b and in the result. */
export type Pairs = (each: (aAt: number, bAt: number, outAt: number) => void) => void;

/**
 * The products of matrices (m, k) in a with matrices (k, n) in b, `size` numbers in all; undefined where the plain
 * loop is the better way, or the only one.
 */
export function product(
  a: Float64Array,
  b: Float64Array,
  size: number,
  { m, k, n }: Sizes,
  pairs: Pairs,
): Float64Array | undefined {
  if (m < 4 || size * k < SMALLEST || a.length + b.length + size > LARGEST) return undefined;
  if (kernel === undefined) kernel = instantiate<Kernel>(code);
  if (kernel === null) return undefined;
  const { multiply } = kernel;
  const strip = size + a.length + b.length;
  const at = room(kernel, strip + 4 * k);
  if (at === undefined) return undefined;
  at.set(a, size);
  at.set(b, size + a.length);
  pairs((aAt, bAt, outAt) => multiply(outAt * 8, (size + aAt) * 8, (size + a.length + bAt) * 8, strip * 8, m, k, n));
  return copyOf(at.subarray(0, size));
}
