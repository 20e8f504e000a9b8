/** The numbers that a lab tells while it trains, as curves. */
import { words } from './words.ts';

const SVG = 'http://www.w3.org/2000/svg';
const [HIGH, LEFT, TOP, RIGHT] = [240, 56, 16, 84];
/** As wide as it will be drawn, so that its words have the size of words. */
const WIDE = Math.min(640, Math.max(300, innerWidth - 40));
/** More points than anybody sees; then every other goes. */
const MOST = 1_200;

interface Series {
  values: number[];
  /** One of so many values is kept. */
  every: number;
  seen: number;
}

const made = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[K] => {
  // prettier-ignore
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
};

export class Curves {
  readonly dom = made('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, role: 'img', class: 'lab-curve', 'aria-label': words.labCurve }); // prettier-ignore
  readonly #series = new Map<string, Series>();
  #waiting = false;

  constructor() {
    this.dom.setAttribute('hidden', '');
  }

  /** "epoch 3 of 40, loss 0.123", "LSTM, step 20, error 0.1670" */
  note(text: string): void {
    const value = /\b(?:loss|error) (\d+(?:\.\d+)?(?:e[-+]?\d+)?)/.exec(text)?.[1];
    if (value !== undefined) this.#add(/^([A-Za-z]+), step/.exec(text)?.[1] ?? '', Number(value));
  }

  /** "    25  0.6931   2.0 %", "OR: mistakes per epoch 2 2 0" */
  print(text: string): void {
    const row = /^ *\d+ {2,}(\d+\.\d+)(?: {2,}|$)/.exec(text)?.[1];
    if (row !== undefined) this.#add('', Number(row));
    const [, name, counts] = /(\S[^:\n]*): mistakes per epoch ((?:\d+ ?)+)/.exec(text) ?? [];
    if (name !== undefined) for (const count of counts!.trim().split(' ')) this.#add(name, Number(count));
  }

  #add(name: string, value: number): void {
    if (!Number.isFinite(value) || (this.#series.size >= 6 && !this.#series.has(name))) return;
    const series = this.#series.get(name) ?? { values: [], every: 1, seen: 0 };
    this.#series.set(name, series);
    if (series.seen++ % series.every === 0) series.values.push(value);
    if (series.values.length > MOST) {
      series.values = series.values.filter((_, i) => i % 2 === 0);
      series.every *= 2;
    }
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw();
    });
  }

  #draw(): void {
    const all = [...this.#series];
    const top = Math.max(...all.flatMap(([, { values }]) => values), 1e-12);
    const longest = Math.max(...all.map(([, { seen }]) => seen), 2);
    const x = (i: number) => LEFT + (i / (longest - 1)) * (WIDE - LEFT - RIGHT);
    const y = (v: number) => HIGH - TOP - (v / top) * (HIGH - 2 * TOP);
    const label = (text: string, at: Record<string, string | number>) => {
      const node = made('text', at);
      node.textContent = text;
      return node;
    };
    this.dom.removeAttribute('hidden');
    this.dom.replaceChildren(
      made('path', { class: 'axis', d: `M${LEFT} ${TOP}V${HIGH - TOP}H${WIDE - RIGHT}` }),
      label(String(Number(top.toPrecision(3))), { x: LEFT - 8, y: TOP + 8, 'text-anchor': 'end' }),
      label('0', { x: LEFT - 8, y: HIGH - TOP, 'text-anchor': 'end' }),
      ...all.flatMap(([name, { values, every }], i) => [
        made('polyline', {
          class: `curve curve-${i}`,
          points: values.map((v, k) => `${x(k * every).toFixed(1)},${y(v).toFixed(1)}`).join(' '),
        }),
        label(name === '' ? String(values.at(-1)) : name, {
          class: `curve-name curve-${i}`,
          x: x((values.length - 1) * every) + 6,
          y: Math.min(HIGH - TOP - 4, Math.max(TOP + 8, y(values.at(-1)!) - 4 + 14 * (i % 2))),
        }),
      ]),
    );
  }

  /** Says in words what the curves show, once they are complete. */
  describe(): void {
    const said = [...this.#series].map(([name, { values, seen }]) => words.labCurveOf(name, values[0]!, values.at(-1)!, seen)); // prettier-ignore
    this.dom.setAttribute('aria-label', [words.labCurve, ...said].join(' '));
  }
}
