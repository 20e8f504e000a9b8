/** Archives made by hand, byte by byte: no library would write the ones that an attacker sends. */
import { deflateRawSync, crc32 as zlibCrc, gzipSync } from 'node:zlib';

export interface Packed {
  name: string | Buffer;
  data?: string | Buffer;
  /** Unix mode with type, as 0o120777 for a link. */
  mode?: number;
  deflate?: boolean;
  /** What the headers say, instead of the truth. */
  claims?: number;
  /** Bit 0: encrypted; bit 11: names in UTF-8. */
  flags?: number;
}

/** CRC-32 (Node has one of its own from 20.15 on). */
const crc32 = (data: Buffer): number => zlibCrc(data) as number;

/** A zip of these entries, in this order. */
export function zipOf(entries: readonly Packed[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, data = '', mode = 0o100644, deflate = false, claims, flags = 0x800 } of entries) {
    const raw = Buffer.from(data as string);
    const packed = deflate ? deflateRawSync(raw, { level: 9 }) : raw;
    const file = Buffer.from(name as string);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(crc32(raw), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(claims ?? raw.length, 18);
    fields.writeUInt16LE(file.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, file, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    // Made on Unix, so that the mode counts.
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), fields, tail, file]));
    parts.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length % 65536, 8);
  end.writeUInt16LE(entries.length % 65536, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

export interface Taped {
  name: string;
  data?: string | Buffer;
  /** '0' file, '1' hard link, '2' link, '3' device, '5' folder, '6' pipe, 'x' header of the next. */
  type?: string;
  link?: string;
  claims?: number;
}

/** A tar of these entries, in this order. */
export function tarOf(entries: readonly Taped[]): Buffer {
  const blocks = entries.flatMap(({ name, data = '', type = '0', link = '', claims }) => {
    const raw = Buffer.from(data as string);
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write('0000644\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${(claims ?? raw.length).toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(link, 157, 100);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, raw, Buffer.alloc((512 - (raw.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export const tgzOf = (entries: readonly Taped[]): Buffer => gzipSync(tarOf(entries));
