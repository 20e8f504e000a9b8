/** A line that says what is going on while work runs long; it erases itself. Nothing is printed when nobody looks. */
import { fit } from '../reports/wrap.ts';

interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** Milliseconds before the line first appears. */
  after?: number;
  stream?: Terminal;
}

export class Progress {
  readonly #stream: Terminal;
  readonly #enabled: boolean;
  readonly #from: number;
  #text = '';
  /** What stands there now. */
  #shown: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ after = 300, stream = process.stderr }: ProgressOptions = {}) {
    this.#stream = stream;
    this.#enabled = stream.isTTY === true && process.env.TERM !== 'dumb';
    this.#from = performance.now() + after;
    if (this.#enabled) {
      this.#timer = setInterval(() => this.#draw(), 100);
      this.#timer.unref();
    }
  }

  update(text: string): void {
    this.#text = text;
  }

  /** Erases the line, writes the text in its place, and goes on below. */
  print(write: () => void): void {
    this.#erase();
    write();
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #draw(): void {
    if (!this.#timer || this.#text === '' || performance.now() < this.#from) return;
    const line = fit(this.#text, (this.#stream.columns ?? 80) - 1);
    if (line === this.#shown) return;
    this.#stream.write(`\r\u001b[2K${line}`);
    this.#shown = line;
  }

  #erase(): void {
    if (this.#shown !== undefined) this.#stream.write('\r\u001b[2K');
    this.#shown = undefined;
  }
}
