/** A lab in the page: it trains with the reader's own files, draws its curve while it runs, and ends when told to. */
import type { PageLabEnd } from '../../grader/sandbox/page/lab.ts';
import { clean } from '../../grader/reports/wrap.ts';
import { Curves } from './curves.ts';
import { button, element } from './outcome.ts';
import type { LabEvent } from './protocol.ts';
import { Runner, Stopped } from './run.ts';
import { Store } from './store.ts';
import { words } from './words.ts';

/** Characters of the lab's words that are shown; a loop may print for ever. */
const MOST = 200_000;

/** Starts the lab of a section, or, where it runs, does nothing. */
export async function start(section: HTMLElement): Promise<void> {
  const known = views.get(section) ?? new View(section);
  views.set(section, known);
  await known.run();
}

const views = new Map<HTMLElement, View>();

class View {
  readonly #section: HTMLElement;
  readonly #runner = new Runner(new URL(document.documentElement.dataset.judge!, location.href));
  readonly #place = element('div', 'workbench');
  readonly #status = element('p', 'status');
  readonly #note = element('p', 'soft');
  readonly #bar = element('progress');
  readonly #log = element('pre', 'lab-log');
  readonly #pictures = element('div', 'lab-pictures');
  readonly #stop = button(words.stop, () => this.#runner.stop());
  #curves = new Curves();
  #printed = 0;
  #urls = new Map<string, string>();
  #heard = false;
  /** Of the four quarters, how many were said. */
  #quarters = 0;

  constructor(section: HTMLElement) {
    this.#section = section;
    this.#status.setAttribute('role', 'status');
    this.#bar.max = 1;
    this.#bar.setAttribute('aria-label', words.labProgress);
    this.#log.tabIndex = 0;
    this.#log.setAttribute('role', 'region');
    this.#log.setAttribute('aria-label', words.labPrinted);
    section.append(this.#place);
  }

  async run(): Promise<void> {
    if (this.#runner.busy) return;
    this.#clear();
    this.#status.textContent = words.labStarts;
    this.#place.setAttribute('aria-busy', 'true');
    const startButton = this.#section.querySelector<HTMLButtonElement>('.solve button')!;
    startButton.disabled = true;
    this.#stop.hidden = false;
    this.#stop.focus();
    try {
      const { lab: chapter = '', options = '{}' } = this.#section.dataset;
      const files = await this.#files();
      const end = await this.#runner.lab(
        { chapter, files, options: JSON.parse(options) as Record<string, string> },
        (event) => this.#hear(event),
      );
      this.#status.replaceChildren(...this.#said(end));
    } catch (error) {
      this.#status.textContent =
        error instanceof Stopped ? words.labStopped : words.labBroken((error as Error).message);
    } finally {
      this.#place.removeAttribute('aria-busy');
      this.#note.textContent = '';
      this.#curves.describe();
      startButton.disabled = false;
      if (document.activeElement === this.#stop || document.activeElement === document.body) startButton.focus();
      this.#stop.hidden = true;
    }
  }

  /** The course's files, and in their places what the reader has written. */
  async #files(): Promise<Record<string, string>> {
    const response = await fetch(this.#section.dataset.files!);
    if (!response.ok) throw new Error(String(response.status));
    const files = (await response.json()) as Record<string, string>;
    const store = new Store();
    for (const file of Object.keys(files)) files[file] = store.read(file)?.text ?? files[file]!;
    return files;
  }

  #clear(): void {
    this.#curves = new Curves();
    this.#printed = this.#quarters = 0;
    this.#heard = false;
    this.#log.textContent = '';
    this.#bar.value = 0;
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
    this.#urls.clear();
    this.#pictures.replaceChildren();
    this.#place.replaceChildren(element('div', 'bar', this.#stop), this.#status, this.#bar, this.#note, this.#curves.dom, this.#log, this.#pictures); // prettier-ignore
  }

  #hear(event: LabEvent): void {
    if (!this.#heard) this.#status.textContent = words.labTrains;
    this.#heard = true;
    if (event.kind === 'print') this.#print(clean(event.text));
    if (event.kind === 'save' && event.name.endsWith('.svg')) this.#show(event.name, event.text);
    if (event.kind !== 'progress') return;
    this.#bar.value = event.fraction;
    this.#note.textContent = clean(event.note);
    this.#curves.note(event.note);
    // Read aloud four times, not at every step.
    const quarter = Math.floor(event.fraction * 4);
    if (quarter <= this.#quarters || quarter > 3) return;
    this.#quarters = quarter;
    this.#status.textContent = words.labQuarter(25 * quarter, clean(event.note));
  }

  #print(text: string): void {
    if (this.#printed > MOST) return;
    this.#printed += text.length + 1;
    this.#curves.print(text);
    const atEnd = this.#log.scrollTop + this.#log.clientHeight >= this.#log.scrollHeight - 30;
    this.#log.append(this.#printed > MOST ? `${words.labTooMuch}\n` : `${text}\n`);
    if (atEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** As a picture from elsewhere: nothing in it runs, and it loads nothing. */
  #show(name: string, svg: string): void {
    if (this.#urls.size >= 12 && !this.#urls.has(name)) return;
    const old = this.#urls.get(name);
    if (old !== undefined) URL.revokeObjectURL(old);
    const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    this.#urls.set(name, url);
    const image = element('img');
    image.src = url;
    image.alt = /<title[^>]*>([^<]*)/.exec(svg)?.[1] ?? name;
    const figure = element('figure', '', image, element('figcaption', 'soft', name));
    figure.dataset.name = name;
    const before = [...this.#pictures.children].find((each) => (each as HTMLElement).dataset.name === name);
    if (before) before.replaceWith(figure);
    else this.#pictures.append(figure);
  }

  #said(end: PageLabEnd): (Node | string)[] {
    if (end.kind === 'done') {
      this.#bar.value = 1;
      return [words.labDone];
    }
    const [folder, topic] = end.at?.file.replace(/\.ts$/, '').split('/') ?? [];
    if (end.todo !== undefined && folder !== undefined && topic !== undefined) {
      const link = element('a', '', end.todo);
      const language = document.documentElement.lang.startsWith('zh') ? 'zh/' : '';
      link.href = `${document.documentElement.dataset.root!}${language}${folder}/${topic}/#exercise-${end.todo}`;
      const [before, after] = words.labNeeds;
      return [before, link, after];
    }
    return [words.labFailed(clean(end.message), end.at ? `${end.at.file}:${end.at.line}` : undefined)];
  }
}
