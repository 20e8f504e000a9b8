/**
 * An error that is an answer: what is the matter, and what to do next.
 * The command line prints these two and nothing else; a stack would only frighten.
 */
export class Refusal extends Error {
  /** What to do next, in whole sentences; may have several lines. */
  readonly next: string;
  /** The exit code: 1 when something failed, 2 when the command was used wrongly. */
  readonly code: 1 | 2;

  constructor(message: string, next: string, code: 1 | 2 = 1) {
    super(message);
    this.name = 'Refusal';
    this.next = next;
    this.code = code;
  }
}
