/** The array library of the course: `import { Tensor, tensor, zeros } from '#tensor'`. */
export { Tensor, isTensor } from './tensor.ts';
export { ShapeError, showShape } from './shape.ts';
export type { Shape } from './shape.ts';
export { arange, eye, full, linspace, ones, onesLike, tensor, zeros, zerosLike } from './create.ts';
export { Random, normal, random, uniform } from './random.ts';
export { where } from './broadcast.ts';
export { concat, split, stack } from './axes.ts';
export { oneHot } from './indexing.ts';
export type { Range } from './indexing.ts';
export type { Axes, ReduceOptions } from './reduce.ts';
export type { Tolerance } from './compare.ts';
export type { Nested } from './print.ts';
export { erf, erfc } from './special.ts';
export { utf8Decode, utf8Encode } from './text.ts';
export { fromHalfBits, halfBits, roundHalf } from './half.ts';
