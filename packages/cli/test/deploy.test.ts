// deploy/: what its files name is there, and the program takes the commands that they give it. No image is built here.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { bace, ROOT } from "./support/recorder.ts";

const read = (name: string) => readFileSync(join(ROOT, name), "utf8");
const README = read("deploy/README.md");

/** Instructions of the Dockerfile, a line each. */
const INSTRUCTIONS = read("deploy/Dockerfile")
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll("\\\n", " ")
  .split("\n")
  .map((line) => /^([A-Z]+) (.*)$/.exec(line))
  .flatMap((match) => (match ? [{ kind: match[1]!, rest: match[2]! }] : []));
const rest = (kind: string) => INSTRUCTIONS.filter((each) => each.kind === kind).map((each) => each.rest);

const UNIT = read("deploy/bace-pipe.service");
const [EXEC_START] = /(?<=^ExecStart=).*$/m.exec(UNIT)!;

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      { readonly build?: Readonly<Record<string, string>>; readonly command?: readonly string[] }
    >
  >;
}
const { services } = parse(read("deploy/compose.yaml")) as Compose;
const IMAGE_COMMAND = JSON.parse(rest("CMD").at(-1)!) as readonly string[];

test("everything that the Dockerfile copies is in the checkout, and no build output of it is sent along", () => {
  const sources = rest("COPY")
    .filter((line) => !line.startsWith("--from="))
    .flatMap((line) => line.split(" ").slice(0, -1));
  expect(sources).toContain("packages");
  expect(sources.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  // What packing reads is among it.
  const packed = /^const FILES = \[(.*?)\];/ms
    .exec(read("scripts/pack.mjs"))![1]!
    .matchAll(/"([^"/]+)[^"]*"/g);
  for (const [, name] of packed) expect(sources).toContain(name);
  const ignored = read("deploy/Dockerfile.dockerignore").split("\n");
  expect(ignored).toEqual(expect.arrayContaining([".git", "**/node_modules", "**/dist"]));
});

test("the Dockerfile runs scripts that there are, and takes the tarball that packing makes", () => {
  const [build] = /npm run (\w+) -w @bace-pipe\/web/.exec(rest("RUN").join("\n"))!.slice(1);
  expect(JSON.parse(read("packages/web/package.json")).scripts).toHaveProperty(build!);
  expect(rest("RUN")).toContain("node scripts/pack.mjs dist");
  const [tarball] = /(?<=\/src\/dist\/)\S+/.exec(rest("COPY").join("\n"))!;
  const { version } = JSON.parse(read("packages/cli/package.json"));
  const name = `bace-pipe-${version}.tgz`;
  const taken = (file: string) =>
    new RegExp(`^${tarball!.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(file);
  expect([taken(name), taken(`bace-pipe-core-${version}.tgz`)]).toEqual([true, false]);
  expect(README).toContain(`dist/${name}`);
});

test.each([
  ["the image", IMAGE_COMMAND],
  ["compose.yaml", services["bace"]!.command!],
  ["the systemd unit", EXEC_START.split(" ").slice(1)],
])("`bace` has the options that %s gives it", async (_, command) => {
  expect(command[0]).toBe("up");
  const { out } = await bace(["up", "--help"]);
  const known: readonly string[] = out.match(/--[a-z-]+/g)!;
  for (const option of command.filter((word) => word.startsWith("--"))) expect(known).toContain(option);
});

test("the README's commands are those of the files", () => {
  expect(README).toContain(`\`bace ${IMAGE_COMMAND.join(" ")}\``);
  expect(README).toContain(`\`bace ${EXEC_START.split(" ").slice(1).join(" ")}\``);
  const commands = [...README.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, text]) => text!.trim().split("\n"));
  const build = "docker build -f deploy/Dockerfile -t bace-pipe .";
  expect(commands).toContain(build);
  expect(read("deploy/Dockerfile")).toContain(build);
  const named = commands.join("\n").match(/(?:deploy|scenarios)\/[\w.-]+/g)!;
  for (const path of named) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
  expect(JSON.parse(read("package.json")).scripts).toHaveProperty("pack");
});

test("compose builds the image of this folder, and the fleet that it mounts is there", () => {
  expect(services["bace"]!.build).toEqual({ context: "..", dockerfile: "deploy/Dockerfile" });
  const [fleet] = /(?<=\$\{BACE_FLEET:-)[^}]+/.exec(read("deploy/compose.yaml"))!;
  expect(existsSync(join(ROOT, "deploy", fleet))).toBe(true);
});

const canVerify = spawnSync("systemd-analyze", ["--version"]).status === 0;

test.skipIf(!canVerify)(
  `systemd takes the unit${canVerify ? "" : ": systemd-analyze is not installed"}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "bace-unit-"));
    const path = join(folder, "bace-pipe.service");
    // It looks whether the program is there; here it is not.
    writeFileSync(path, UNIT.replace(/(?<=^ExecStart=)\S+/m, process.execPath));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
    expect([status, stderr.split("\n").filter((line) => line.includes("bace-pipe"))]).toEqual([0, []]);
    rmSync(folder, { recursive: true });
  },
);
