// How far somebody has read the logs of an epoch, as a text that goes into a URL; names of ranks are left to their numbers.
//   2~frankfurt.0:1a4.1:1b0~virginia.2:9k.supervisor:0     epoch 2; by region and file, bytes in base 36

export interface LogPlace {
  readonly epoch: number;
  /** Bytes that were read, by region and name of the file. */
  readonly read: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

const REGION = /^[a-z0-9-]{1,100}$/;
const FILE = /^(\d{1,9}|[a-z]{1,20}(?:-\d{1,9})?):([0-9a-z]{1,10})$/;
const RANK = /^rank-(\d+)$/;

export function writePlace({ epoch, read }: LogPlace): string {
  const parts = Array.from(read, ([region, files]) =>
    [
      region,
      ...Array.from(files, ([name, bytes]) => `${name.replace(RANK, "$1")}:${bytes.toString(36)}`),
    ].join("."),
  );
  return [String(epoch), ...parts].join("~");
}

/** undefined for what is none. */
export function readPlace(text: string): LogPlace | undefined {
  const [epoch, ...parts] = text.split("~");
  if (!/^\d{1,9}$/.test(epoch!)) return undefined;
  const read = new Map<string, ReadonlyMap<string, number>>();
  for (const part of parts) {
    const [region, ...files] = part.split(".");
    const found = files.map((file) => FILE.exec(file));
    if (!REGION.test(region!) || found.includes(null)) return undefined;
    const bytes = found.map((each) => {
      const [, name, size] = each as unknown as [string, string, string];
      return [/^\d/.test(name) ? `rank-${name}` : name, Number.parseInt(size, 36)] as const;
    });
    read.set(region!, new Map(bytes));
  }
  return { epoch: Number(epoch), read };
}
