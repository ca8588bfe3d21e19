// Help as people ask for it: of every command there is.
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { commandTree } from "../src/main.ts";
import { bace, recordingIo } from "./support/recorder.ts";

/** Names that lead to every command, such as ["inputs", "set"]. */
function pathsOf(command: Command, path: readonly string[] = []): (readonly string[])[] {
  return command.commands.flatMap((each) => [
    [...path, each.name()],
    ...pathsOf(each, [...path, each.name()]),
  ]);
}

const PATHS = pathsOf(commandTree(recordingIo().io)).filter(([name]) => !name!.startsWith("__"));

describe("help begins with two examples or more, and says what the command is for", () => {
  test.each([[], ...PATHS].map((path) => [path.join(" ")]))("bace %s", async (path) => {
    const { exitCode, out } = await bace([...path.split(" ").filter((word) => word !== ""), "--help"]);
    expect(exitCode).toBe(0);
    const [, first, examples] = /^(Examples:\n)((?: .*\n)+)\nUsage: bace/.exec(out) ?? [];
    expect(first, out).toBe("Examples:\n");
    expect(examples!.match(/bace /g)!.length).toBeGreaterThanOrEqual(2);
  });
});

test("an option that there is not: did you mean", async () => {
  const { err, exitCode } = await bace(["queue", "--wach"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("Did you mean --watch?");
});

test("a command of a command that there is not: did you mean", async () => {
  const { err, exitCode } = await bace(["token", "revok"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("Did you mean revoke?");
});

test("a format that there is not: those that there are", async () => {
  const { err, exitCode } = await bace(["queue", "-o", "jsn"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("Allowed choices are table, wide, json, yaml.");
});

test("whatever prints a result prints it as table, wide, json and yaml", () => {
  const program = commandTree(recordingIo().io);
  const formats = PATHS.filter((path) => {
    const command = path.reduce<Command>(
      (at, name) => at.commands.find((each) => each.name() === name)!,
      program,
    );
    return command.options.some(
      ({ argChoices, long }) => long === "--output" && argChoices?.join() === "table,wide,json,yaml",
    );
  });
  expect(formats.map((path) => path.join(" ")).sort()).toEqual(
    [
      ...[
        "bandwidth",
        "calibrate",
        "cancel",
        "check",
        "config view",
        "cordon",
        "dashboard",
        "drain",
        "explain",
        "hold",
        "inputs set",
        "logs",
        "plan",
        "queue",
      ],
      ...["regions", "release", "replay", "report", "schedule", "simulate", "status", "submit"],
      ...["token create", "token list", "token revoke", "tune", "uncordon", "wait"],
    ].sort(),
  );
});
