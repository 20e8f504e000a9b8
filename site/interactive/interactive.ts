/**
 * An interactive figure: a picture that is a function of a few settings. The build draws it once with the settings it starts
 * from, and that picture stands on the page for everybody; in the browser the same function draws it again whenever a
 * setting changes. It runs the course's own solutions, so what moves is what the student will write.
 */

export type Setting = number | string;
export type State = Record<string, Setting>;

/** Words in both languages. */
export interface Both {
  en: string;
  zh: string;
}

/** One setting, and how it is changed. */
export type Control =
  | {
      kind: 'slider';
      key: string;
      label: Both;
      values: readonly number[];
      start: number;
      show?: (x: number) => string;
      play?: boolean;
    }
  | { kind: 'choice'; key: string; label: Both; options: readonly { value: string; label: Both }[]; start: string };

export interface Interactive {
  /** `perceptron-boundary`; also its name in the address, where its settings are kept. */
  name: string;
  /** The chapter whose solutions it runs: `chapter-1`. */
  chapter: string;
  /** The lesson that it belongs to: `chapter-1-mp/perceptron`. Without a mark there it stands after its first section. */
  lesson: string;
  title: Both;
  /** What to try, in a sentence or two. */
  caption: Both;
  /** What there is to see, for those who cannot. */
  description: Both;
  size: readonly [width: number, height: number];
  controls: readonly Control[];
  /** The inside of the SVG. */
  draw: (state: State, language: 'en' | 'zh') => string;
  /** The outcome in one sentence, read aloud when a setting changes and shown under the picture. */
  say: (state: State) => Both;
}

/** The settings that a figure starts from. */
export function startOf({ controls }: Interactive): State {
  return Object.fromEntries(controls.map((control) => [control.key, control.start]));
}

/** Settings as they stand in an address, `rate:0.1;steps:30`, with what is missing or makes no sense as at the start. */
export function parseState(figure: Interactive, text: string): State {
  const state = startOf(figure);
  for (const pair of text.split(';')) {
    const [key = '', value = ''] = pair.split(':');
    const control = figure.controls.find((each) => each.key === key);
    if (control?.kind === 'slider' && value !== '' && control.values.includes(Number(value)))
      state[key] = Number(value);
    if (control?.kind === 'choice' && control.options.some((option) => option.value === value)) state[key] = value;
  }
  return state;
}

export const showState = (state: State): string =>
  Object.entries(state)
    .map(([key, value]) => `${key}:${value}`)
    .join(';');
