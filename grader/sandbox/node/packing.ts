/**
 * Values as bytes, one after the other: what is asked of a child process, and what it answers, can then be kept and
 * compared as it is. Used at both ends.
 *
 * The bytes of a value do not depend on what was packed before it. V8 puts text with letters such as ≥ at an even place,
 * with an empty byte before it where it has to; such text follows every value, so that the next one begins at an even
 * place. (A serializer for each value would do as well, and takes half as long again.) Only an object that is there twice
 * would be counted from the first value on, and what is read from a student's realm holds none.
 */
import { DefaultDeserializer, DefaultSerializer } from 'node:v8';

/** Bytes of every packed list before its first value; they say how V8 writes, and are the same for all. */
export const headerLength = 2;

/** Follows every value: one letter, in two bytes. */
const END = '≥';

export function pack(values: readonly unknown[]): Uint8Array {
  const writer = new DefaultSerializer();
  writer.writeHeader();
  for (const value of values) {
    writer.writeValue(value);
    writer.writeValue(END);
  }
  return writer.releaseBuffer();
}

/** @throws Error where the bytes are not so many values */
export function unpack(bytes: Uint8Array, count: number): unknown[] {
  const reader = new DefaultDeserializer(bytes);
  reader.readHeader();
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) {
    values.push(reader.readValue());
    if (reader.readValue() !== END) throw new Error(`value ${i} has no end`);
  }
  return values;
}
