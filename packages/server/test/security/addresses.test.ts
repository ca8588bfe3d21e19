// Nobody makes the service, the command line or other ranks connect to where he likes: every place where an address or a
// URL can come in, and what becomes of it there.
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseScenario } from "@bace-pipe/core/spec";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addressKind, refusedRank } from "../../src/access/addresses.ts";
import { ApiError, createClient } from "../../src/client.ts";
import { startService } from "../../src/main.ts";
import type { Database } from "../../src/store/database.ts";
import { checkUrl } from "../../src/store/database-url.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { clear } from "../support/database.ts";
import { createFakeExecutor } from "../support/fake-executor.ts";
import { jobText, openService, ranksOf, SCENARIO, type TestService } from "../support/service.ts";

/** Listens on this machine; whoever connects has been led here. */
let trap: { readonly url: string; visits: number; close(): void };
let database: Database;

beforeAll(async () => {
  database = await openPglite();
  const server = createServer((_, response) => response.end("{}"));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  trap = { url: `http://127.0.0.1:${port}`, visits: 0, close: () => server.close() };
  server.on("connection", () => trap.visits++);
}, 60_000);
afterAll(async () => {
  trap.close();
  await database.close();
});
beforeEach(() => {
  trap.visits = 0;
});

async function serviceAt(controlUrl: string | undefined): Promise<TestService> {
  await clear(database);
  const sketch = controlUrl === undefined ? {} : { controlUrl };
  return openService(database, createFakeExecutor(), { seconds: 1000 }, undefined, sketch);
}

test.each([
  ["10.1.2.3", "private"],
  ["172.31.255.255", "private"],
  ["172.32.0.1", "public"],
  ["192.168.0.1", "private"],
  ["100.64.0.1", "private"],
  ["fd12::1", "private"],
  ["203.0.113.9", "public"],
  ["2a00:1450::1", "public"],
  ["0.0.0.0", "unspecified"],
  ["0.1.2.3", "unspecified"],
  ["::", "unspecified"],
  ["127.0.0.1", "loopback"],
  ["127.255.0.1", "loopback"],
  ["::1", "loopback"],
  ["0:0:0:0:0:0:0:1", "loopback"],
  ["169.254.169.254", "link-local"],
  ["fe80::1", "link-local"],
  ["febf::1", "link-local"],
  ["fe80::1%eth0", "link-local"],
  ["fd00::1%eth0", "link-local"],
  ["100.100.100.200", "metadata"],
  ["168.63.129.16", "metadata"],
  ["fd00:ec2::254", "metadata"],
  ["FD00:0EC2:0::0254", "metadata"],
  ["fd20:ce::254", "metadata"],
  ["224.0.0.1", "multicast"],
  ["ff02::1", "multicast"],
  ["255.255.255.255", "reserved"],
  ["240.0.0.1", "reserved"],
  // Mapped ones are what they map, in both notations.
  ["::ffff:10.0.0.1", "private"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:7f00:1", "loopback"],
  ["::ffff:169.254.169.254", "link-local"],
  ["::ffff:a9fe:a9fe", "link-local"],
  ["::ffff:0.0.0.0", "unspecified"],
  ["::127.0.0.1", "disguised"],
  ["64:ff9b::a9fe:a9fe", "disguised"],
  ["2002:7f00:1::", "disguised"],
  ["2001:0:4136::1", "disguised"],
  // What some programs take for 127.0.0.1 or 169.254.169.254, and names, are no literals.
  ...[
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "127.0.0.01",
    "0251.0376.0251.0376",
    "2852039166",
    "[::1]",
    "127.0.0.1.",
    " 127.0.0.1",
    "localhost",
    "metadata.google.internal",
    "127.0.0.1.nip.io",
    "",
  ].map((host): [string, string] => [host, "no-literal"]),
])("%s is %s", (host, kind) => {
  expect(addressKind(host)).toBe(kind);
});

describe("what a rank says of itself at the rendezvous", () => {
  const refused = (host: string, control: string, port = 40_000, storePort: number | null = null) =>
    refusedRank({ host, port, storePort }, control);

  test.each(["http://10.0.0.1:7420", "https://bace.example", "http://[fd12::1]:7420"])(
    "with the control plane at %s",
    (control) => {
      for (const host of ["10.0.0.2", "192.168.7.7", "203.0.113.9", "fd12::2", "::ffff:10.0.0.2"])
        expect([host, refused(host, control)]).toEqual([host, undefined]);
      for (const host of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "fe80::1"])
        expect([host, refused(host, control)]).toEqual([host, expect.stringMatching(/^host: /)]);
      for (const host of ["fd00:ec2::254", "224.0.0.1", "64:ff9b::1", "localhost", "0x7f000001"])
        expect([host, refused(host, control)]).toEqual([host, expect.stringMatching(/^host: /)]);
    },
  );

  test("loopback is for gangs whose control plane is on it", () => {
    for (const control of [
      "http://127.0.0.1:7420",
      "http://[::1]:7420",
      "http://localhost",
      "http://0.0.0.0:7420",
    ]) {
      expect([control, refused("127.0.0.1", control)]).toEqual([control, undefined]);
      expect(refused("169.254.169.254", control)).toContain("link-local");
    }
    expect(refused("127.0.0.1", "http://localhost.evil.example")).toContain("loopback");
  });

  test("ports of the machine's own services and of the control plane are none of a rank's", () => {
    expect(refused("10.0.0.2", "http://10.0.0.1:7420", 22)).toContain("22 is below 1024");
    expect(refused("10.0.0.2", "http://10.0.0.1:7420", 40_000, 389)).toContain("389 is below 1024");
    expect(refused("10.0.0.1", "http://10.0.0.1:7420", 7420)).toContain("the control plane's own");
    expect(refused("10.0.0.1", "http://10.0.0.1:7420", 40_000, 7420)).toContain("the control plane's own");
    expect(refused("127.0.0.2", "http://0.0.0.0:7420", 7420)).toContain("the control plane's own");
    expect(refused("10.0.0.2", "http://10.0.0.1:7420", 7420)).toBeUndefined();
  });

  test("is refused at the door, and no other rank hears of it", async () => {
    const service = await serviceAt("http://10.0.0.1:7420");
    await service.submit(jobText("a"));
    const { launchKey, number } = service.writer.state().jobs.get("a")!.epoch!;
    const checkIn = (rank: number, host: string) =>
      service.post(`/v1/launches/a/${number}/rendezvous`, {
        ...{ launchKey, rank, host, port: 40_000 + rank, dataHash: null },
      });
    for (const host of ["169.254.169.254", "127.0.0.1", "evil.example", "2852039166", "fe80::1%eth0"]) {
      const response = await checkIn(3, host);
      expect([host, response.status]).toEqual([host, 400]);
      expect(await response.json()).toMatchObject({ code: "invalid-request" });
    }
    for (const rank of [0, 1, 2]) expect((await checkIn(rank, "10.0.0.2")).status).toBe(200);
    expect(service.writer.state().jobs.get("a")!.phase).toBe("starting");
    expect(await (await checkIn(3, "10.0.0.3")).json()).toMatchObject({
      state: "ready",
      addresses: ["10.0.0.2", "10.0.0.2", "10.0.0.2", "10.0.0.3"].map((host) => ({ host })),
    });
  });
});

describe("texts in which a URL may stand", () => {
  test("job files: a URL is the name of a file, which is not there", async () => {
    const service = await serviceAt(undefined);
    const submit = (text: string, more: object = {}) =>
      service.post("/v1/jobs", { file: trap.url, directory: trap.url, text, ...more });
    const named = jobText("paths").replace("[texts]", `["${trap.url}/texts"]`);
    const checkpointed = named.replace("data:", `checkpoint: {location: "${trap.url}/c"}, data:`);
    expect((await submit(checkpointed)).status).toBe(201);
    const { data, checkpoint } = service.writer.state().jobs.get("paths")!.job.training!;
    for (const path of [...data.paths, checkpoint.location]) expect(path).toMatch(/^\//);
    const other = named.replace("paths", "other");
    const profiled = `${jobText("profiled")}profile: "${trap.url}/profile.yaml"\n`;
    expect((await submit(profiled)).status).toBe(422);
    expect((await submit(`$schema: "${trap.url}/s.json"\n${jobText("schema")}`)).status).toBe(422);
    expect((await submit(`!<${trap.url}> {}`)).status).toBe(422);
    expect(
      (await service.post("/v1/plan", { file: trap.url, directory: trap.url, text: other })).status,
    ).toBe(200);
    expect(trap.visits).toBe(0);
  });

  test("inputs, telemetry and headers: words and figures", async () => {
    const service = await serviceAt(undefined);
    const inputs = [{ kind: "price-changed", region: "east", priceUsdPerKwh: 0.2 }];
    expect((await service.post("/v1/inputs", { source: trap.url, inputs })).status).toBe(200);
    expect((await service.post("/v1/inputs", { source: "x", inputs, url: trap.url })).status).toBe(200);
    await service.submit(jobText("a"));
    await ranksOf(service, "a").meet();
    const links = [{ toRank: trap.url, bytes: 1, seconds: 1, messages: 1, roundTripSeconds: null }];
    expect((await ranksOf(service, "a").report(0, 1, [], { links })).status).toBe(400);
    for (const name of [
      "Forwarded",
      "X-Forwarded-Host",
      "X-Forwarded-For",
      "Referer",
      "Origin",
      "Idempotency-Key",
    ])
      await service.request("/v1/jobs", { headers: { [name]: trap.url } });
    expect((await service.get(`${trap.url.replace("127.0.0.1", "evil.example")}/v1/jobs`)).status).toBe(421);
    expect(trap.visits).toBe(0);
  });

  test("fleet files: what they name is asked of whoever reads files, as a name", () => {
    const asked: string[] = [];
    const text = SCENARIO.replace("priceUsdPerKwh: 0.10", `priceUsdPerKwh: {csv: "${trap.url}/prices.csv"}`);
    const parsed = parseScenario(text, "fleet.yaml", {
      readFile: (name) => {
        asked.push(name);
        return { problem: `there is no file ${name}`, hint: "" };
      },
    });
    expect([parsed.ok, asked]).toEqual([false, [`${trap.url}/prices.csv`]]);
    expect(trap.visits).toBe(0);
  });
});

describe("addresses that administrators give", () => {
  test("--advertise is a place and nothing more: it is written into every plan", async () => {
    const start = (advertise: string) =>
      startService({ stateDirectory: "/nowhere", python: "python3", workerDirectory: "worker", advertise });
    for (const url of [
      "file:///etc/passwd",
      "gopher://10.0.0.1",
      "http://user:secret@bace.example",
      "http://bace.example/path",
      "http://bace.example/?to=http://10.0.0.1",
      "http://bace.example/#x",
      "bace.example",
    ])
      await expect(start(url)).rejects.toMatchObject({ code: "invalid-address" });
  });

  test("--database is PostgreSQL's, and nothing else is spoken", () => {
    for (const url of [`${trap.url}/db`, "file:///etc/passwd", "redis://10.0.0.1", "postgres.example"])
      expect(() => checkUrl(url)).toThrow("not the address of a PostgreSQL server");
    expect(() => checkUrl("postgres://169.254.169.254/db")).not.toThrow();
  });

  test("--server that sends its clients elsewhere is not followed, and the token stays here", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const server = createServer((_, response) => {
        response.writeHead(status, { Location: `${trap.url}/v1/jobs` }).end();
      });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const client = createClient(
        `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        fetch,
        "secret",
      );
      for (const call of [() => client.jobs(), () => client.cancel("a")]) {
        const error = await call().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(ApiError);
        expect((error as ApiError).problem).toMatchObject({ code: "not-this-service", status });
      }
      server.close();
      server.closeAllConnections();
    }
    expect(trap.visits).toBe(0);
  });
});

test("connections are made in these files alone: another one belongs into the table of access/addresses.ts", () => {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const opens =
    /from "(?:node:)?(?:https?|http2|net|tls|dns|dgram|undici|pg|ws)(?:\/[a-z]+)?"|(?<![.\w])fetch(?=[\s,;)]|\()(?!\(request, env\))|new (?:WebSocket|EventSource)\b/;
  const found = ["core", "server", "cli"].flatMap((name) =>
    readdirSync(join(root, name, "src"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => {
        const code = readFileSync(path, "utf8").replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
        return opens.test(code.replaceAll(/^import type .*$/gm, ""));
      })
      .map((path) => relative(root, path)),
  );
  expect(found.sort()).toEqual([
    "cli/src/commands/backup.ts", // the address in the state folder
    "cli/src/commands/check.ts", // looks at an address, and connects to none
    "cli/src/completion/names.ts", // --server, or the same; redirects are not followed
    "cli/src/demo/kept-service.ts", // that of the service that it has started
    "cli/src/demo/service-process.ts", // the same
    "cli/src/service/connect.ts", // --server, or the same
    "server/src/access/addresses.ts", // looks at addresses, and connects to none
    "server/src/client.ts", // what connect.ts gives it
    "server/src/executors/slurm/rest-client.ts", // rest.url of a fleet's file; redirects are not followed
    "server/src/feeds/http.ts", // addresses in the file of --feeds; redirects are not followed
    "server/src/store/postgres.ts", // --database
  ]);
});
