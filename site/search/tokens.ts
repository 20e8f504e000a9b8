/**
 * How text is cut into terms, when the index is made and when somebody searches: words of letters and digits, and for Han
 * characters every pair of neighbours, since Chinese is written without spaces.
 */
const RUN = /\p{Script=Han}+|[\p{L}\p{M}\p{N}_]+/gu;
const HAN = /^\p{Script=Han}/u;

/** Terms of a text, in its order; the words in lower case and without accents. */
export function terms(text: string): string[] {
  const found: string[] = [];
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  // A Latin word may stand right beside Han characters: 用PyTorch训练.
  for (const [run] of plain.replace(/(\p{Script=Han}+)/gu, ' $1 ').matchAll(RUN)) {
    if (!HAN.test(run)) found.push(...camel(run));
    else {
      const signs = [...run];
      if (signs.length === 1) found.push(run);
      for (let i = 0; i + 1 < signs.length; i++) found.push(signs[i]! + signs[i + 1]!);
    }
  }
  return found;
}

const camel = (word: string): string[] => (word.includes('_') ? [word, ...word.split('_').filter(Boolean)] : [word]);

/** What the index holds; the same for building and for loading it. */
export const OPTIONS = {
  idField: 'id',
  fields: ['title', 'heading', 'text'],
  storeFields: ['path', 'title', 'heading', 'start', 'foreign'],
  tokenize: terms,
  processTerm: (term: string) => term,
};

/** Every word counts, in a title more than in a text; the last may be half typed. */
export const SEARCH = {
  boost: { title: 4, heading: 3 },
  combineWith: 'AND' as const,
  prefix: (term: string) => !HAN.test(term) || [...term].length === 1,
  fuzzy: (term: string) => (!HAN.test(term) && term.length > 4 ? 0.2 : false),
};
