/** package-lock.json, cut down to some of the packages: what is left is what was there, in the same versions. */
import { Refusal } from '../../course/refusal.ts';

interface Entry {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  dev?: boolean;
  [more: string]: unknown;
}

export interface Lock {
  packages: Record<string, Entry>;
  [more: string]: unknown;
}

/**
 * @param dependencies what package.json asks for: name to range
 * @throws Refusal where the lock does not have one of them
 */
export function lockFor(lock: Lock, dependencies: Readonly<Record<string, string>>): Lock {
  const kept = new Set<string>();
  const wanted = Object.keys(dependencies).map((name) => ({ from: '', name, needed: true }));
  while (wanted.length > 0) {
    const { from, name, needed } = wanted.pop()!;
    const place = placeOf(lock, from, name);
    if (place === undefined) {
      if (!needed) continue;
      throw new Refusal(`package-lock.json does not have ${name}.`, 'Run npm install in the course first.');
    }
    if (kept.has(place)) continue;
    kept.add(place);
    const {
      dependencies: own = {},
      optionalDependencies: optional = {},
      peerDependencies: peers = {},
    } = lock.packages[place]!;
    for (const each of Object.keys(own)) wanted.push({ from: place, name: each, needed: !(each in optional) });
    for (const each of [...Object.keys(optional), ...Object.keys(peers)])
      wanted.push({ from: place, name: each, needed: false });
  }
  const { devDependencies: _, ...root } = lock.packages[''] ?? {};
  const packages = [...kept].sort().map((place) => {
    const { dev: __, ...entry } = lock.packages[place]!;
    return [place, entry] as const;
  });
  return { ...lock, packages: { '': { ...root, dependencies: { ...dependencies } }, ...Object.fromEntries(packages) } };
}

/** Where a package finds another: beside it, or in one of the folders above. */
function placeOf({ packages }: Lock, from: string, name: string): string | undefined {
  for (let at = from; ;) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (place in packages) return place;
    if (at === '') return undefined;
    const up = at.lastIndexOf('/node_modules/');
    at = up < 0 ? '' : at.slice(0, up);
  }
}
