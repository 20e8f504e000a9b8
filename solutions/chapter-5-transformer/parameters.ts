/**
 * A model's parameters lie in records within records; an optimizer wants one flat list, and gradients in the same order. These
 * three go between the two. Nothing here is yours to write.
 */
import { Tensor, isTensor } from '#tensor';

/** All tensors of a record, of records and lists within it too: fields in alphabetical order, lists from first to last. */
export function parametersOf(tree: unknown): Tensor[] {
  if (isTensor(tree)) return [tree];
  return entries(tree).flatMap(([, value]) => parametersOf(value));
}

/** The same record with other tensors in it, given in the order of parametersOf. */
export function withParameters<W>(tree: W, parameters: Tensor[]): W {
  const rest = [...parameters];
  const rebuild = (part: unknown): unknown => {
    if (isTensor(part)) return rest.shift();
    if (Array.isArray(part)) return part.map(rebuild);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(entries(part).map(([key, value]) => [key, rebuild(value)]));
  };
  return rebuild(tree) as W;
}

/** How many numbers there are in all tensors of a record. */
export function countParameters(tree: unknown): number {
  return parametersOf(tree).reduce((sum, x) => sum + x.size, 0);
}

const entries = (tree: unknown): [string, unknown][] => {
  if (typeof tree !== 'object' || tree === null) return [];
  const all = Object.entries(tree);
  return Array.isArray(tree) ? all : all.sort(([a], [b]) => (a < b ? -1 : 1));
};
