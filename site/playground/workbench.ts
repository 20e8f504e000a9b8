/**
 * Where a student writes: one editor for each file, which stands in the card that was opened last. What is written is kept
 * before anything runs, and nothing runs until somebody says so.
 */
import { difference } from './diff.ts';
import { makeEditor, type Editor } from './editor.ts';
import { button, element, showReport, summary } from './outcome.ts';
import { noteScore } from './progress.ts';
import { Runner, Stopped } from './run.ts';
import { Store, type Kept, type Saved, type Written } from './store.ts';
import { words } from './words.ts';

const store = new Store();
let runner: Runner | undefined;
const benches = new Map<string, Promise<Workbench>>();

/** Opens the editor in a card. */
export async function open(card: HTMLElement): Promise<void> {
  const file = card.dataset.file!;
  let bench = benches.get(file);
  if (!bench) {
    bench = fetch(card.dataset.skeleton!)
      .then((response) => (response.ok ? response.text() : Promise.reject(new Error(String(response.status)))))
      .then((skeleton) => new Workbench(file, skeleton));
    benches.set(file, bench);
    bench.catch(() => benches.delete(file));
  }
  (await bench).moveTo(card);
}

/** The exercise that a card is: "chapter-1/neuron/step" in its parts. */
function exerciseOf(card: HTMLElement): { chapter: string; topic: string; name: string } {
  const [chapter = '', topic = '', name = ''] = card.dataset.exercise!.split('/');
  return { chapter, topic, name };
}

const MOST = 256 * 1024;

class Workbench {
  readonly #file: string;
  readonly #skeleton: string;
  readonly #editor: Editor;
  #saved: Saved;
  /** What is in the store as far as this page knows. */
  #stored: string | undefined;
  #written: Written = 'saved';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #card!: HTMLElement;
  #running = false;

  readonly #place = element('section', 'workbench');
  readonly #notices = element('div', 'notices');
  readonly #status = element('p', 'status');
  readonly #results = element('div', 'verdicts');
  readonly #earlier = element('details', 'earlier');
  readonly #run: HTMLButtonElement;
  readonly #runAll: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;

  constructor(file: string, skeleton: string) {
    this.#file = file;
    this.#skeleton = skeleton;
    const known = store.read(file);
    this.#stored = known?.text;
    this.#saved = known ?? { text: skeleton, base: skeleton, kept: [] };
    this.#editor = makeEditor(this.#saved.text, {
      run: () => void this.#grade(false),
      change: () => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#save(), 600);
      },
    });
    const name = file.split('/').at(-1)!;
    this.#run = button(words.run, () => void this.#grade(false));
    this.#run.className = 'primary';
    this.#run.title = words.runTitle;
    this.#run.setAttribute('aria-keyshortcuts', 'Control+Enter Meta+Enter');
    this.#runAll = button(words.runAll, () => void this.#grade(true));
    this.#stop = button(words.stop, () => runner?.stop());
    this.#stop.hidden = true;
    const choose = element('input');
    choose.type = 'file';
    choose.accept = '.ts,text/plain';
    choose.hidden = true;
    choose.addEventListener('change', () => void this.#import(choose));
    this.#status.setAttribute('role', 'status');
    this.#place.append(
      element('p', 'about', words.about(name)),
      this.#notices,
      this.#editor.dom,
      element('div', 'bar', this.#run, this.#stop, this.#runAll),
      this.#status,
      this.#results,
      this.#earlier,
      element(
        'div',
        'bar files',
        button(words.exportFile, () => this.#export(name)),
        button(words.importFile, () => choose.click()),
        button(words.reset, () => this.#replace(this.#skeleton, 'reset', words.wasReset)),
        button(words.close, () => this.#close()),
        choose,
      ),
      element('p', 'about', words.clone(`chapters/${file}`)),
    );
    this.#showEarlier();
    if (known && known.base !== skeleton) this.#offerNew(known.base);
    addEventListener('pagehide', () => this.#save());
    document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && this.#save());
    store.onElsewhere(file, (saved) => this.#elsewhere(saved));
  }

  /** Stands in a card from now on, with its function in view. */
  moveTo(card: HTMLElement): void {
    const { name } = exerciseOf(card);
    const here = this.#card === card && this.#place.isConnected;
    if (!here) {
      this.#card?.querySelector('.solve')?.removeAttribute('hidden');
      this.#card = card;
      const solve = card.querySelector<HTMLElement>('.solve')!;
      solve.hidden = true;
      solve.after(this.#place);
      if (!this.#running) {
        this.#results.replaceChildren();
        this.#say('');
      }
    }
    this.#place.setAttribute('aria-label', words.editor(name, this.#file));
    this.#editor.label(words.editor(name, this.#file));
    this.#editor.goTo(this.#lineOf(name), true);
  }

  /** The first line inside a function, where there is something to do. */
  #lineOf(name: string): number {
    const lines = this.#editor.text().split('\n');
    const todo = lines.findIndex((line) => line.includes(`TODO: ${name}'`));
    const start = lines.findIndex((line) => new RegExp(`^\\s*export\\s+(async\\s+)?(function\\*?|const|let)\\s+${name.replace(/\$/g, '\\$')}\\b`).test(line)); // prettier-ignore
    return (todo >= 0 ? todo : Math.min(start + 1, lines.length - 1)) + 1;
  }

  #close(): void {
    this.#save();
    this.#place.remove();
    const solve = this.#card.querySelector<HTMLElement>('.solve')!;
    solve.hidden = false;
    solve.querySelector('button')?.focus();
  }

  /** @param shown whether the results say it too: then only a screen reader needs it here */
  #say(text: string, shown = false): void {
    this.#status.textContent = text;
    this.#status.classList.toggle('said', shown);
  }

  #notice(kind: string, ...content: (Node | string)[]): HTMLElement {
    this.#notices.querySelector(`.${kind}`)?.remove();
    const notice = element('div', `notice ${kind}`, ...content);
    notice.setAttribute('role', 'status');
    this.#notices.append(notice);
    return notice;
  }

  /** Keeps what the editor holds; says so where that does not work. */
  #save(): void {
    clearTimeout(this.#timer);
    const text = this.#editor.text();
    const now = store.read(this.#file);
    // Another tab has been here: its text is kept before this one takes its place.
    if (now && now.text !== this.#stored && now.text !== text) {
      this.#saved.kept = merged(now.kept, this.#saved.kept);
      this.#keep(now.text, 'elsewhere');
    }
    this.#saved.text = text;
    if (!now && text === this.#skeleton && this.#saved.kept.length === 0) return;
    this.#written = store.write(this.#file, this.#saved);
    if (this.#written === 'saved') {
      this.#stored = text;
      this.#notices.querySelector('.storage')?.remove();
    } else this.#notice('storage', this.#written === 'full' ? words.full : words.noStorage);
  }

  /** Puts a text among the earlier versions. */
  #keep(text: string, why: Kept['why']): void {
    if (text === this.#skeleton || this.#saved.kept.some((each) => each.text === text)) return;
    this.#saved.kept = [{ text, when: new Date().toISOString(), why }, ...this.#saved.kept];
    this.#showEarlier();
  }

  /** Another text in the editor; the one there is kept. */
  #replace(text: string, why: Kept['why'], says: string, base = this.#skeleton): void {
    this.#keep(this.#editor.text(), why);
    this.#saved.base = base;
    this.#editor.setText(text);
    this.#save();
    this.#results.replaceChildren();
    this.#say(this.#written === 'saved' ? says : `${says} ${this.#written === 'full' ? words.full : words.noStorage}`);
    this.#editor.goTo(this.#lineOf(exerciseOf(this.#card).name), true);
  }

  #elsewhere(saved: Saved): void {
    if (saved.text === this.#editor.text()) {
      this.#stored = saved.text;
      return;
    }
    this.#saved.kept = merged(saved.kept, this.#saved.kept);
    this.#keep(saved.text, 'elsewhere');
    this.#stored = saved.text;
    this.#notice('elsewhere', words.elsewhere);
  }

  #offerNew(base: string): void {
    const changes = element('details', '', element('summary', '', words.whatChanged), diffView(base, this.#skeleton));
    const done = () => notice.remove();
    const notice = this.#notice(
      'update',
      element('p', '', words.newVersion),
      changes,
      element(
        'p',
        'bar',
        button(words.keepMine, () => {
          this.#saved.base = this.#skeleton;
          this.#save();
          done();
        }),
        button(words.takeNew, () => {
          this.#replace(this.#skeleton, 'update', words.wasReset);
          done();
        }),
      ),
    );
  }

  #showEarlier(): void {
    const { kept } = this.#saved;
    this.#earlier.hidden = kept.length === 0;
    const rows = kept.map((each) => {
      const when = new Date(each.when).toLocaleString(document.documentElement.lang);
      const place = element('div');
      return element(
        'li',
        '',
        `${when}, ${words.why[each.why] ?? ''} `,
        button(words.compare, () => place.replaceChildren(place.hasChildNodes() ? '' : diffView(each.text, this.#editor.text()))), // prettier-ignore
        button(words.restore, () => this.#replace(each.text, 'restore', words.wasRestored)),
        button(words.forget, () => {
          this.#saved.kept = this.#saved.kept.filter((other) => other !== each);
          this.#save();
          this.#showEarlier();
        }),
        place,
      );
    });
    this.#earlier.replaceChildren(element('summary', '', `${words.earlier} (${kept.length})`), element('ul', '', ...rows)); // prettier-ignore
  }

  #export(name: string): void {
    const link = element('a');
    link.href = URL.createObjectURL(new Blob([this.#editor.text()], { type: 'text/plain' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  async #import(choose: HTMLInputElement): Promise<void> {
    const [file] = choose.files ?? [];
    choose.value = '';
    if (!file) return;
    const text = file.size > MOST ? '\0' : (await file.text()).replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
    if (text.includes('\0')) return this.#say(words.notText(file.name));
    this.#replace(text, 'import', words.wasImported(file.name));
  }

  async #grade(all: boolean): Promise<void> {
    if (this.#running) return;
    runner ??= new Runner(new URL(document.documentElement.dataset.judge!, location.href));
    if (runner.busy) return;
    // Whatever the code does, it is kept.
    this.#save();
    const { chapter, topic, name } = exerciseOf(this.#card);
    this.#running = true;
    this.#run.disabled = this.#runAll.disabled = true;
    this.#stop.hidden = false;
    this.#say(words.starting);
    this.#place.setAttribute('aria-busy', 'true');
    const card = this.#card;
    let shown = '';
    try {
      const task = { chapter, topic, text: this.#editor.text(), skeleton: this.#skeleton, ...(!all && { only: name }) };
      const report = await runner.run(task, (exercise) => {
        if (exercise === shown) return;
        shown = exercise;
        this.#say(words.running(exercise));
      });
      for (const { id, points, maxPoints } of report.topics[0]!.exercises) noteScore(store, id, points, maxPoints);
      const hints = card.querySelector<HTMLDetailsElement>('details.hints');
      this.#results.replaceChildren(
        ...showReport(report, this.#results, {
          toLine: (line) => this.#editor.goTo(line, true),
          hint: hints
            ? () => {
                let last = hints;
                while (last.open && last.querySelector<HTMLDetailsElement>(':scope > details'))
                  last = last.querySelector<HTMLDetailsElement>(':scope > details')!;
                last.open = true;
                last.querySelector('summary')?.focus();
              }
            : undefined,
        }),
      );
      this.#say(summary(report), true);
    } catch (error) {
      this.#results.replaceChildren();
      this.#say(error instanceof Stopped ? words.stopped : words.broken((error as Error).message));
    } finally {
      this.#running = false;
      this.#run.disabled = this.#runAll.disabled = false;
      this.#stop.hidden = true;
      this.#place.removeAttribute('aria-busy');
    }
  }
}

/** The earlier versions of two lists, each once, the newest first. */
function merged(a: readonly Kept[], b: readonly Kept[]): Kept[] {
  const all = [...a, ...b].filter((each, i, list) => list.findIndex((other) => other.text === each.text) === i);
  return all.sort((x, y) => (x.when < y.when ? 1 : -1));
}

function diffView(before: string, after: string): HTMLElement {
  const lines = difference(before, after).map(({ sign, text }) => {
    const line = element(sign === '+' ? 'ins' : sign === '-' ? 'del' : 'span', '', `${sign} ${text}\n`);
    return line;
  });
  return element('pre', 'diff', ...lines);
}
