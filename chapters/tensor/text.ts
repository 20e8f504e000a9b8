/** Text as bytes and back: UTF-8 (RFC 3629), written out because the bare language has no TextEncoder. */

const REPLACEMENT = 0xfffd;

/** The UTF-8 bytes of a text. A surrogate without its partner becomes U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  if (typeof text !== 'string') throw new TypeError(`utf8Encode needs a string, got ${typeof text}`);
  const bytes: number[] = [];
  for (const character of text) {
    let code = character.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) code = REPLACEMENT;
    if (code < 0x80) {
      bytes.push(code);
    } else if (code < 0x800) {
      bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    } else if (code < 0x10000) {
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    } else {
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
  }
  return Uint8Array.from(bytes);
}

/**
 * The text of UTF-8 bytes. Malformed bytes become U+FFFD, one for each longest beginning of a character, exactly as
 * the Encoding Standard (https://encoding.spec.whatwg.org/#utf-8-decoder) says. A byte order mark is kept.
 */
export function utf8Decode(bytes: Uint8Array | readonly number[]): string {
  let text = '';
  let code = 0;
  let missing = 0; // how many bytes of the current character are still to come
  let lower = 0x80; // the range the next of them must lie in
  let upper = 0xbf;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (missing > 0 && (byte < lower || byte > upper)) {
      text += String.fromCodePoint(REPLACEMENT); // the character breaks off; this byte begins a new one, below
      missing = 0;
    }
    if (missing > 0) {
      code = (code << 6) | (byte & 63);
      missing--;
      lower = 0x80;
      upper = 0xbf;
      if (missing === 0) text += String.fromCodePoint(code);
      continue;
    }
    lower = 0x80;
    upper = 0xbf;
    if (byte < 0x80) {
      text += String.fromCodePoint(byte);
    } else if (byte >= 0xc2 && byte <= 0xdf) {
      missing = 1;
      code = byte & 31;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      missing = 2;
      code = byte & 15;
      if (byte === 0xe0) lower = 0xa0; // less would have fit in two bytes
      if (byte === 0xed) upper = 0x9f; // more would be a surrogate
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      missing = 3;
      code = byte & 7;
      if (byte === 0xf0) lower = 0x90; // less would have fit in three bytes
      if (byte === 0xf4) upper = 0x8f; // more would lie beyond U+10FFFF
    } else {
      text += String.fromCodePoint(REPLACEMENT);
    }
  }
  return missing > 0 ? text + String.fromCodePoint(REPLACEMENT) : text;
}
