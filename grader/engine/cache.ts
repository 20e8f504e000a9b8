/**
 * Checks about caches, which never leave the sandbox: what a forward pass keeps must serve the backward pass, and a
 * backward pass must leave it as it is. Without them a forward could keep the wrong thing and still be right.
 */
import type { Check } from './check.ts';
import type { Exercise } from './exercise.ts';

const FEW = 5;

/** On the forward exercise: the course's own backward, on the student's cache, gives the right gradients. */
export function cacheServes(backward: Exercise): Check {
  const main = backward.checks[0]!;
  return {
    ...main,
    id: `cache for ${backward.name}`,
    kind: 'cache',
    sentence: `keeps in its cache what ${backward.name} needs`,
    cases: FEW,
    worth: 0,
    of: backward,
    call: { backwardFromStandIn: true },
    judgesErrors: true,
    judge(inputs, outcomes) {
      const kept = 'Keep in the cache what its type in the stub says, under those names.';
      const broken = outcomes.find((o) => o.kind === 'error');
      if (broken?.kind === 'error')
        return {
          sentence: `its cache is of no use to ${backward.name}`,
          mismatches: [],
          facts: [`The course's own ${backward.name} fails on your cache: ${broken.message}`, kept],
        };
      const finding = main.judge(inputs, outcomes, backward);
      return (
        finding && {
          ...finding,
          sentence: `its cache leads ${backward.name} astray`,
          facts: [`With your cache the course's own ${backward.name} gives this.`, kept],
        }
      );
    },
  };
}

/** On the backward exercise: a second call on the same cache gives the same. */
export function cacheStays(backward: Exercise): Check {
  const main = backward.checks[0]!;
  return {
    ...main,
    id: 'cache stays',
    kind: 'cache',
    sentence: 'leaves its cache as it is',
    cases: FEW,
    worth: 0,
    call: { twice: true },
    judgesErrors: true,
    judge(inputs, outcomes, exercise) {
      const broken = outcomes.find((o) => o.kind === 'error');
      const why = 'A second call with the same cache and upstream gradient must give the same as the first.';
      if (broken?.kind === 'error')
        return {
          sentence: 'changes its cache',
          mismatches: [],
          facts: [why, `The second call fails: ${broken.message}`],
        };
      const finding = main.judge(inputs, outcomes, exercise);
      return finding && { ...finding, sentence: 'changes its cache', facts: [why] };
    },
  };
}
