/** The grading engine: what an author writes, and what grades it. Runs anywhere; nothing of Node is imported. */
export * from './cache.ts';
export * from './check.ts';
export * from './compare.ts';
export * from './exercise.ts';
export { callable, formula } from './functions.ts';
export * from './grade.ts';
export * from './inputs.ts';
export * from './report.ts';
export * from './sandbox.ts';
export * from './subject.ts';
export * from './value.ts';
export {
  Var,
  VarTensor,
  dot,
  gradient,
  max,
  mean,
  range,
  softmax,
  sum,
  table,
  trace,
  type Definition,
  type Lifted,
  type VarTree,
} from './tape.ts';
