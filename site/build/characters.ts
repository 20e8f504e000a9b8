/** Which characters the pages show, and in which fonts: a font file holds those and no others. */

/** Every character of some HTML beyond ASCII and Han, tags included. */
export function beyondAscii(pages: readonly string[]): string {
  const seen = new Uint8Array(0x10000);
  for (const page of pages) for (let i = 0; i < page.length; i++) seen[page.charCodeAt(i)] = 1;
  let found = '';
  // Surrogates and everything from the Han blocks on come from the system's fonts.
  for (let code = 0xa0; code < 0x2e80; code++) if (seen[code]) found += String.fromCharCode(code);
  return found;
}

/** KaTeX's fonts by the class of a sign, the first that fits; Main-Regular is for all others. */
const FONTS: readonly [classes: RegExp, font: string][] = [
  [/\b(boldsymbol)\b/, 'Math-BoldItalic'],
  [/\bmathnormal\b/, 'Math-Italic'],
  [/\b(mathbf|textbf)\b/, 'Main-Bold'],
  [/\b(mathit|textit)\b/, 'Main-Italic'],
  [/\b(amsrm|mathbb|textams)\b/, 'AMS-Regular'],
  [/\bmathcal\b/, 'Caligraphic-Regular'],
  [/\b(mathfrak|textfrak)\b/, 'Fraktur-Regular'],
  [/\b(mathscr|textscr)\b/, 'Script-Regular'],
  [/\b(mathsf|textsf)\b/, 'SansSerif-Regular'],
  [/\b(mathtt|texttt)\b/, 'Typewriter-Regular'],
];
const SIZES = ['Size1-Regular', 'Size2-Regular', 'Size3-Regular', 'Size4-Regular'];

/** The characters of each of KaTeX's fonts that formulas on these pages use: `Math-Italic` → `abxθ`. */
export function mathFonts(pages: readonly string[]): Map<string, Set<string>> {
  const fonts = new Map<string, Set<string>>();
  const add = (font: string, sign: string) => {
    const signs = fonts.get(font) ?? new Set();
    fonts.set(font, signs.add(sign));
  };
  const known = new Set<string>();
  for (const page of pages) {
    for (const [leaf, classes, text] of page.matchAll(/<span(?: class="([^"]*)")?[^>]*>([^<]+)/g)) {
      // The same leaf comes thousands of times.
      if (known.has(leaf)) continue;
      known.add(leaf);
      const font = FONTS.find(([each]) => each.test(classes ?? ''))?.[1] ?? 'Main-Regular';
      for (const sign of text!.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')) {
        if (/\p{Script=Han}/u.test(sign)) continue;
        add(font, sign);
        if (!/[\p{L}\p{N}\s]/u.test(sign) || sign === '∑') for (const size of SIZES) add(size, sign);
      }
    }
  }
  return fonts;
}
