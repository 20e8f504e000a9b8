/** `--isolation`: insists on a level, where otherwise the strongest is taken. */
import { listed, nearest } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import { ISOLATIONS, isAvailable, type Isolation } from '../sandbox/node/isolation.ts';

/** @throws Refusal where there is no such level, or this machine has it not: nothing weaker is taken in its place. */
export async function isolationFrom(flag: string | undefined): Promise<Isolation | undefined> {
  if (flag === undefined) return undefined;
  const level = ISOLATIONS.find((name) => name === flag);
  if (level === undefined)
    throw new Refusal(
      `--isolation: there is no level "${flag}".`,
      `Did you mean ${nearest(flag, ISOLATIONS)}? There are ${listed(ISOLATIONS)}.`,
      2,
    );
  if (!(await isAvailable(level)))
    throw new Refusal(
      `This machine has no isolation level "${level}".`,
      'It needs Linux, util-linux, and a kernel that lets this user make namespaces. Leave --isolation out to take the strongest level there is.',
    );
  return level;
}
