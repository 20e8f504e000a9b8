/** Points that were earned in this browser: on the cards, in the contents and on the path. */
import type { Store, Score } from './store.ts';
import { words } from './words.ts';

/** Notes a run, and shows it at once. */
export function noteScore(store: Store, id: string, points: number, maxPoints: number): void {
  store.score(id, points, maxPoints);
  showProgress(store.scores());
}

/** Shows all there is to show on this page. */
export function showProgress(scores: Record<string, Score>): void {
  const of = (prefix: string) => Object.entries(scores).filter(([id]) => id === prefix || id.startsWith(`${prefix}/`));
  const sum = (prefix: string) => of(prefix).reduce((total, [, { points }]) => total + points, 0);

  for (const card of document.querySelectorAll<HTMLElement>('.exercise[data-exercise]')) {
    const score = scores[card.dataset.exercise!];
    if (!score) continue;
    // The style sheet keeps a solution back until then.
    card.classList.add('tried');
    badge(card.querySelector('header'), score.points, score.maxPoints);
  }
  for (const place of document.querySelectorAll<HTMLElement>('[data-progress]')) {
    const [id = '', max = '0'] = place.dataset.progress!.split(' ');
    if (of(id).length > 0) badge(place, sum(id), Number(max));
  }
}

/** "3 of 5 points here", with a sign once all of them are there. */
function badge(place: Element | null, points: number, max: number): void {
  if (!place) return;
  let made = place.querySelector<HTMLElement>('.earned');
  if (!made) {
    made = document.createElement('span');
    made.className = 'earned';
    place.append(made);
  }
  const full = points >= max && max > 0;
  made.classList.toggle('full', full);
  made.textContent = `${full ? '✓ ' : ''}${words.all(points, max)}`;
}
