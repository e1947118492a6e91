/** Messages with attachments, and archives to attach, made by hand. */
import { deflateRawSync } from 'node:zlib';

/** Lines of a message whose attachment is `bytes`. */
export function attach(name: string, bytes: Buffer, type = 'application/octet-stream'): string[] {
  return [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="outer"',
    '',
    '--outer',
    '',
    'Buongiorno',
    '--outer',
    `Content-Type: ${type}; name="${name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    ...(bytes.toString('base64').match(/.{1,76}/g) ?? []),
    '--outer--',
  ];
}

/** A ZIP archive with one deflated member; `encrypted` says so and encrypts nothing. */
export function zip(name: string, content: Buffer, encrypted = false): Buffer {
  const data = deflateRawSync(content);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(encrypted ? 1 : 0, 2);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data]);
  const version = Buffer.from([20, 0]);
  const entry = [Buffer.from('PK\x01\x02'), version, common, Buffer.alloc(14), Buffer.from(name)];
  const directory = Buffer.concat(entry);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, directory, end]);
}
