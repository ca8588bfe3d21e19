// The worker as one file that Python imports from (a zip archive on PYTHONPATH), named by its SHA-256: a cluster gets it
// once per version, and what runs goes on with the version that it was started with. The same sources make the same
// bytes: names in order, one time for all, nothing compressed (compressors differ between versions).
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { crc32 } from "node:zlib";

export interface WorkerArchive {
  readonly bytes: Buffer;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

const PACKAGE = "bace_worker";

/** @param workerDirectory holds the package bace_worker. */
export async function workerArchive(workerDirectory: string): Promise<WorkerArchive> {
  const folder = join(workerDirectory, PACKAGE);
  const names = (await readdir(folder, { recursive: true }))
    .filter((name) => name.endsWith(".py"))
    .map((name) => `${PACKAGE}/${name.split(sep).join("/")}`)
    .sort();
  if (names.length === 0) throw new Error(`no worker in ${folder}`);
  const files = await Promise.all(
    names.map(async (name) => ({ name, content: await readFile(join(workerDirectory, name)) })),
  );
  const bytes = zipOf(files);
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

interface Member {
  readonly name: string;
  readonly content: Buffer;
}

const UNPACKED_BY_VERSION = 20;
/** 1980-01-01, the first day that the format has. */
const DATE = (1 << 5) | 1;

function zipOf(members: readonly Member[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of members) {
    const path = Buffer.from(name);
    const common = commonFields(content, path.length);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, path, content]);
    const entry = Buffer.alloc(14); // no comment, no attributes
    entry.writeUInt32LE(offset, 10);
    const madeBy = Buffer.from([UNPACKED_BY_VERSION, 0]);
    directory.push(Buffer.from("PK\x01\x02"), madeBy, common, entry, path);
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

/** From the version needed to the length of the extra field: the same in both places that name a member. */
function commonFields(content: Buffer, nameBytes: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(UNPACKED_BY_VERSION, 0);
  fields.writeUInt16LE(DATE, 8);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(nameBytes, 22);
  return fields;
}
