/** Brings an interactive figure to life: controls from its declaration, a new picture for every setting, both in the address. */
import {
  parseState,
  showState,
  startOf,
  type Control,
  type Interactive,
  type State,
} from '../interactive/interactive.ts';

/**
 * @param place the figure on the page, with the picture in it
 * @param focus whether the reader asked for it just now and wants to go on with the keyboard
 */
export function enliven(place: HTMLElement, figure: Interactive, words: Record<string, string>, focus: boolean): void {
  const language = place.dataset.language === 'zh' ? 'zh' : 'en';
  const drawing = place.querySelector('.drawing')!;
  const outcome = place.querySelector<HTMLElement>('.outcome')!;
  outcome.setAttribute('role', 'status');
  const panel = document.createElement('div');
  panel.className = 'controls';
  panel.setAttribute('role', 'group');
  panel.setAttribute('aria-label', figure.title[language]);
  let state: State = parseState(figure, new URLSearchParams(location.search).get(figure.name) ?? '');
  let playing: (() => void) | undefined;

  const remember = (): void => {
    const address = new URL(location.href);
    const now = showState(state);
    if (now === showState(startOf(figure))) address.searchParams.delete(figure.name);
    else address.searchParams.set(figure.name, now);
    history.replaceState(history.state, '', address);
  };
  let waiting = false;
  const show = (): void => {
    for (const refresh of refreshers) refresh();
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      drawing.innerHTML = figure.draw(state, language);
      outcome.textContent = figure.say(state)[language];
    });
  };
  const set = (key: string, value: number | string): void => {
    state = { ...state, [key]: value };
    show();
    remember();
  };
  const refreshers = figure.controls.map((control, i) => add(control, i));

  const reset = document.createElement('button');
  reset.type = 'button';
  reset.className = 'reset';
  reset.textContent = words.reset!;
  reset.addEventListener('click', () => {
    playing?.();
    state = startOf(figure);
    show();
    remember();
  });
  panel.append(reset);
  outcome.after(panel);
  place.classList.add('awake');
  show();
  if (focus) panel.querySelector<HTMLElement>('input, select, button')?.focus();

  function add(control: Control, i: number): () => void {
    const row = document.createElement('div');
    row.className = 'control';
    const label = document.createElement('label');
    const id = `${place.id}-control-${i}`;
    label.htmlFor = id;
    label.textContent = control.label[language];
    row.append(label);
    panel.append(row);
    if (control.kind === 'choice') {
      const select = document.createElement('select');
      select.id = id;
      for (const option of control.options) {
        const element = document.createElement('option');
        element.value = option.value;
        element.textContent = option.label[language];
        select.append(element);
      }
      select.addEventListener('change', () => set(control.key, select.value));
      row.append(select);
      return () => (select.value = String(state[control.key]));
    }
    const { values, key } = control;
    const shown = control.show ?? String;
    const slider = document.createElement('input');
    slider.type = 'range';
    slider.id = id;
    slider.min = '0';
    slider.max = String(values.length - 1);
    slider.step = '1';
    const output = document.createElement('output');
    output.htmlFor.add(id);
    slider.addEventListener('input', () => {
      playing?.();
      set(key, values[Number(slider.value)]!);
    });
    row.append(slider, output);
    if (control.play) row.append(player(key, values));
    return () => {
      const text = shown(state[key] as number);
      slider.value = String(values.indexOf(state[key] as number));
      slider.setAttribute('aria-valuetext', text);
      output.textContent = text;
    };
  }

  /** A button that walks the slider to its end. */
  function player(key: string, values: readonly number[]): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = words.play!;
    button.addEventListener('click', () => {
      if (playing) return playing();
      const pace = Math.max(30, 5000 / values.length);
      if (state[key] === values.at(-1)) set(key, values[0]!);
      const timer = setInterval(() => {
        const next = values[values.indexOf(state[key] as number) + 1];
        if (next === undefined) return playing?.();
        state = { ...state, [key]: next };
        show();
      }, pace);
      button.textContent = words.pause!;
      playing = () => {
        clearInterval(timer);
        button.textContent = words.play!;
        playing = undefined;
        remember();
      };
    });
    return button;
  }
}
