/** A submission that is not taken in: why, in words for the person who has to ask the student again. */
export class Refused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Refused';
  }
}
