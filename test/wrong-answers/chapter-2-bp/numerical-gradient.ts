import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'forwardDifference',
    mistake: 'not divided by h',
    find: 'return (there - here) / h;',
    put: 'return there - here;',
    causes: ['not divided'],
  },
  {
    exercise: 'forwardDifference',
    mistake: 'the difference the wrong way round',
    find: 'return (there - here) / h;',
    put: 'return (here - there) / h;',
    causes: ['the wrong way round'],
  },
  {
    exercise: 'forwardDifference',
    mistake: 'divided by 2h',
    find: 'return (there - here) / h;',
    put: 'return (there - here) / (2 * h);',
    causes: ['only half the way'],
  },
  {
    exercise: 'forwardDifference',
    mistake: 'backward difference: the point on the left',
    find: `[x, x + h].map((at) => f(at));
  return (there - here)`,
    put: `[x, x - h].map((at) => f(at));
  return (here - there)`,
    causes: ['step to the left'],
  },
  {
    exercise: 'forwardDifference',
    mistake: 'zero and negative steps let through',
    find: `export function forwardDifference(f: (x: number) => number, x: number, h: number): number {
  needStep(h);`,
    put: 'export function forwardDifference(f: (x: number) => number, x: number, h: number): number {',
    causes: [],
  },
  {
    exercise: 'centralDifference',
    mistake: 'divided by h, the 2 forgotten',
    find: 'return (0.5 * (right - left)) / h;',
    put: 'return (right - left) / h;',
    causes: ['divided by one step'],
  },
  {
    exercise: 'centralDifference',
    mistake: 'a forward difference',
    find: 'const left = f(x - h);',
    put: 'const left = 2 * f(x) - f(x + h);',
    causes: ['one side only'],
  },
  {
    exercise: 'centralDifference',
    mistake: 'right minus left the wrong way round',
    find: '(0.5 * (right - left)) / h',
    put: '(0.5 * (left - right)) / h',
    causes: ['the wrong way round'],
  },
  {
    exercise: 'centralDifference',
    mistake: 'divided by 2 and multiplied by h: brackets lost',
    find: 'return (0.5 * (right - left)) / h;',
    put: 'return ((right - left) / 2) * h;',
    causes: ['multiplied by h at the end'],
  },
  {
    exercise: 'centralDifference',
    mistake: 'steps of h/2 but still divided by 2h',
    find: `const right = f(x + h);
  const left = f(x - h);`,
    put: `const right = f(x + h / 2);
  const left = f(x - h / 2);`,
    causes: [],
  },
  {
    exercise: 'numericalGradient',
    mistake: 'all entries move together: the same number everywhere',
    find: '(i === k ? value + by : value)',
    put: '(i === k || k >= 0 ? value + by : value)',
    causes: ['all entries moved at once'],
  },
  {
    exercise: 'numericalGradient',
    mistake: 'forward difference in place of the central one',
    find: 'slopes.push((moved(k, h) - moved(k, -h)) / (2 * h));',
    put: 'slopes.push((moved(k, h) - moved(k, 0)) / h);',
    causes: ['one side only'],
  },
  {
    exercise: 'numericalGradient',
    mistake: 'divided by h only',
    find: '(moved(k, h) - moved(k, -h)) / (2 * h)',
    put: '(moved(k, h) - moved(k, -h)) / h',
    causes: ['divided by one step'],
  },
  {
    exercise: 'numericalGradient',
    mistake: 'the result is a vector, the shape of x is lost',
    find: 'return new Tensor(x.shape, slopes);',
    put: 'return new Tensor([slopes.length], slopes);',
    causes: ['flattened'],
  },
  {
    exercise: 'numericalGradient',
    mistake: 'x itself is moved and moved back',
    find: 'const moved = (k: number, by: number) => f(x.map((value, i) => (i === k ? value + by : value)));',
    put: `const moved = (k: number, by: number) => {
    x.data[k] += by;
    const value = f(x);
    x.data[k] -= by;
    return value;
  };`,
    causes: [],
  },
  {
    exercise: 'numericalGradient',
    mistake: 'x is moved and never moved back',
    find: 'const moved = (k: number, by: number) => f(x.map((value, i) => (i === k ? value + by : value)));',
    put: `const moved = (k: number, by: number) => {
    x.data[k] += by;
    return f(x);
  };`,
    causes: ['never on the other side'],
  },
  {
    exercise: 'relativeError',
    mistake: 'divided by the sum of both norms',
    find: 'Math.sqrt(difference) / Math.sqrt(larger)',
    put: 'Math.sqrt(difference) / (Math.sqrt(ofA) + Math.sqrt(ofB))',
    causes: ['divided by the sum of the sizes'],
  },
  {
    exercise: 'relativeError',
    mistake: 'not relative: the norm of the difference',
    find: 'return Math.sqrt(difference) / Math.sqrt(larger);',
    put: 'return Math.sqrt(difference);',
    causes: ['absolute error'],
  },
  {
    exercise: 'relativeError',
    mistake: 'always divided by the norm of a',
    find: 'const larger = Math.max(ofA, ofB);',
    put: 'const larger = ofA;',
    causes: ['divided by the first'],
  },
  {
    exercise: 'relativeError',
    mistake: 'always divided by the norm of b',
    find: 'const larger = Math.max(ofA, ofB);',
    put: 'const larger = ofB;',
    causes: ['divided by the second, and 0 where it is 0'],
  },
  {
    exercise: 'relativeError',
    mistake: 'the smaller of the two norms',
    find: 'const larger = Math.max(ofA, ofB);',
    put: 'const larger = Math.min(ofA, ofB);',
    causes: ['divided by the smaller'],
  },
  {
    exercise: 'relativeError',
    mistake: 'the roots forgotten: squares divided by squares',
    find: 'Math.sqrt(difference) / Math.sqrt(larger)',
    put: 'difference / larger',
    causes: ['squares, without a root'],
  },
  {
    exercise: 'relativeError',
    mistake: '0/0 not caught: NaN for two zeros',
    find: 'if (larger === 0) return 0;',
    put: '',
    causes: ['two zeros are NaN'],
  },
  {
    exercise: 'relativeError',
    mistake: 'absolute differences added up instead of squares',
    find: 'difference += (p - q) ** 2;',
    put: 'difference += Math.abs(p - q);',
    causes: [],
  },
  {
    exercise: 'relativeError',
    mistake: 'shapes not compared',
    find: "throw new ShapeError(`the shapes (${a.shape.join(', ')}) and (${b.shape.join(', ')}) differ`);",
    put: '',
    causes: [],
  },
  {
    exercise: 'checkGradient',
    mistake: 'ok with the comparison the wrong way round',
    find: 'ok: !(error > tolerance) && !Number.isNaN(error)',
    put: 'ok: error >= tolerance',
    causes: ['ok when at least the tolerance'],
  },
  {
    exercise: 'checkGradient',
    mistake: 'a NaN passes',
    find: 'ok: !(error > tolerance) && !Number.isNaN(error)',
    put: 'ok: !(error > tolerance)',
    causes: ['NaN passes, and is passed over'],
  },
  {
    exercise: 'checkGradient',
    mistake: 'strictly less than the tolerance',
    find: 'ok: !(error > tolerance) && !Number.isNaN(error)',
    put: 'ok: error < tolerance',
    causes: ['below the tolerance only'],
  },
  {
    exercise: 'checkGradient',
    mistake: 'the sign of the difference kept: a place where the gradient is too small is never the worst',
    find: 'const distance = Math.abs(value - tried.data[i]);',
    put: 'const distance = value - tried.data[i];',
    causes: ['worst with its sign'],
  },
  {
    exercise: 'checkGradient',
    mistake: 'the last of several equal places',
    find: 'if (distance > most) {',
    put: 'if (distance >= most) {',
    causes: ['the last of equal places'],
  },
  {
    exercise: 'checkGradient',
    mistake: 'given and numerical swapped',
    find: `given: gradient.data[worst],
    numerical: tried.data[worst],`,
    put: `given: tried.data[worst],
    numerical: gradient.data[worst],`,
    causes: ['given and numerical swapped'],
  },
  {
    exercise: 'checkGradient',
    mistake: 'worst by the largest gradient, not the largest difference',
    find: 'const distance = Math.abs(value - tried.data[i]);',
    put: 'const distance = Math.abs(value);',
    causes: ['the largest entry for the worst'],
  },
  {
    exercise: 'checkGradient',
    mistake: 'error is the largest difference, not the relative error',
    find: `    error,
    worst`,
    put: `    error: most,
    worst`,
    causes: [],
  },
];
