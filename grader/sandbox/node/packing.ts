/**
 * Values as bytes, one after the other: what is asked of a child process, and what it answers, can then be kept and
 * compared as it is. Used at both ends.
 */
import { DefaultDeserializer, DefaultSerializer } from 'node:v8';

/** Bytes of every packed list before its first value; they say how V8 writes, and are the same for all. */
export const headerLength = 2;

export function pack(values: readonly unknown[]): Uint8Array {
  const writer = new DefaultSerializer();
  writer.writeHeader();
  for (const value of values) writer.writeValue(value);
  return writer.releaseBuffer();
}

/** @throws Error where the bytes are not so many values */
export function unpack(bytes: Uint8Array, count: number): unknown[] {
  const reader = new DefaultDeserializer(bytes);
  reader.readHeader();
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(reader.readValue());
  return values;
}
