// An executor in memory that does what a test tells it, and counts how often each launch was really started.
import type { Artifact, Executor, Found, Launch, Submitted } from "../../src/executors/executor.ts";
import { logRanges } from "../../src/executors/log-parts.ts";

export interface FakeExecutor extends Executor {
  readonly launches: Map<string, Launch>;
  readonly artifacts: Map<string, Artifact>;
  /** Starts by key: 1 for each, unless something was started twice. */
  readonly starts: Map<string, number>;
  readonly cancelled: string[];
  /** Answers given instead of starting anything, in order. */
  readonly answers: Submitted[];
  /** Answers of `find`, in order; after that, the truth. */
  readonly findings: Found[];
  failLists: boolean;
  /** Texts of logs by key and name. */
  readonly written: Map<string, Readonly<Record<string, string>>>;
  exit(key: string, exitCode: number): void;
}

export function createFakeExecutor(): FakeExecutor {
  const launches = new Map<string, Launch>();
  const artifacts = new Map<string, Artifact>();
  const starts = new Map<string, number>();
  const fake: FakeExecutor = {
    launches,
    artifacts,
    starts,
    cancelled: [],
    answers: [],
    findings: [],
    failLists: false,
    written: new Map(),
    capabilities: { name: "fake", serves: () => true },
    async submit(key, artifact) {
      const answer = fake.answers.shift();
      if (answer) return answer;
      if (launches.has(key)) return { kind: "exists" };
      launches.set(key, { kind: "running" });
      artifacts.set(key, artifact);
      starts.set(key, (starts.get(key) ?? 0) + 1);
      return { kind: "accepted" };
    },
    async find(key) {
      return fake.findings.shift() ?? launches.get(key) ?? { kind: "absent" };
    },
    async list() {
      if (fake.failLists) throw new Error("unreachable");
      return new Map(launches);
    },
    async cancel(key) {
      fake.cancelled.push(key);
      launches.set(key, { kind: "exited", exitCode: 75 });
    },
    async logs(key, request) {
      const files = fake.written.get(key) ?? {};
      const sizes = new Map(Object.entries(files).map(([name, text]) => [name, Buffer.byteLength(text)]));
      return logRanges(sizes, request).map((range) => ({
        ...range,
        text: Buffer.from(files[range.name]!).subarray(range.fromByte, range.toByte).toString(),
      }));
    },
    exit(key, exitCode) {
      launches.set(key, { kind: "exited", exitCode });
    },
  };
  return fake;
}
