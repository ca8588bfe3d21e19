// Findings of `bace check` about the way to a cluster: ssh, Slurm's commands and its controller.

import { createRunner } from "@bace-pipe/server/slurm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestSshd } from "../../../server/test/support/sshd.ts";
import { startSshd, whyNoSshd } from "../../../server/test/support/sshd.ts";
import { clusterOf } from "../../src/check/slurm/cluster.ts";
import { commands, controller, reached } from "../../src/check/slurm/reach.ts";
import { cluster, line, SETTINGS, said, silent } from "./said.ts";

describe("ssh", () => {
  test.each([
    [
      "Host key verification failed.",
      "nobody here has confirmed its host key",
      "run `ssh login` once by hand",
    ],
    ["bace@login: Permission denied (publickey).", "it lets none of our keys in", "ssh-copy-id login"],
    ["connect to host login port 22: Connection timed out", "nothing comes back", "firewalls and VPN"],
    ["no answer after 20 s", "nothing comes back", "firewalls and VPN"],
    ["connect to host login port 22: Connection refused", "nothing listens there", "whether sshd runs"],
    ["Could not resolve hostname login: Name or service not known", "nobody knows the name", "`host`"],
    ["connect to host login port 22: No route to host", "there is no way there", "routes"],
    ["cannot start ssh: spawn ssh ENOENT", "there is no ssh here", "install"],
    ["/root/.ssh/config: terminating, 1 bad configuration options", "refuses its own settings", "ssh -G"],
    ["kex_exchange_identification: banner line too long", "banner line", "ssh -v"],
  ])("%s", async (reason, means, mend) => {
    const finding = await reached(cluster({ true: silent(`ssh to login: ${reason}`) }));
    expect(finding.level).toBe("problem");
    expect(finding.finding).toContain(means);
    expect(finding.mend).toContain(mend);
  });

  test("a prefix that starts nothing, on this machine", async () => {
    const ran = said("", 1, "Cannot open network namespace");
    const finding = await reached(cluster({ true: ran }, { host: undefined, clientPrefix: ["ip", "netns"] }));
    expect(line(finding)).toMatch(
      /^problem: a command cannot be run: Cannot open .* clientPrefix: ip netns$/,
    );
  });
});

describe.skipIf(whyNoSshd)(`a real ssh server${whyNoSshd ? ` (${whyNoSshd})` : ""}`, () => {
  let sshd: TestSshd;
  beforeAll(async () => {
    sshd = await startSshd();
  }, 60_000);
  afterAll(() => sshd?.remove());
  const findingWith = (...options: readonly string[]) => {
    const ssh = [...sshd.ssh, ...options.flatMap((option) => ["-o", option])];
    return reached(clusterOf({ ...SETTINGS, host: sshd.host }, createRunner({ host: sshd.host, ssh })));
  };

  test("says what is known by its words: reached, a key that nobody has confirmed, one that is not let in", async () => {
    expect((await findingWith("UserKnownHostsFile=/dev/null", "ControlPath=none")).finding).toMatch(
      /^nobody here has confirmed its host key.*\(Host key verification failed\.\)$/,
    );
    expect((await findingWith("PubkeyAuthentication=no")).finding).toMatch(
      /^it lets none of our keys in.*Permission denied/,
    );
    expect((await findingWith("Port=1")).finding).toMatch(/^nothing listens there .*Connection refused/);
    expect(line(await findingWith())).toMatch(/^ok: cluster runs commands, /);
  }, 60_000);
});

describe("Slurm's commands and controller", () => {
  const version = (text: string) =>
    Object.fromEntries(
      ["sbatch", "squeue", "scancel", "sinfo", "scontrol"].map((program) => [program, said(text)]),
    );

  test("are there, in a version that was tried", async () => {
    expect(line(await commands(cluster(version("slurm-wlm 22.05.8\n"))))).toBe("ok: Slurm 22.05.8");
    expect(line(await commands(cluster(version("slurm 19.05.1\n"))))).toMatch(/^warning: Slurm 19.05.1/);
    expect((await commands(cluster(version("hello\n")))).level).toBe("warning");
  });

  test("are missing, or do not find their configuration", async () => {
    const none = said("", 127, "env: 'squeue': No such file or directory");
    expect(line(await commands(cluster({ ...version("slurm 23.02.1"), squeue: none })))).toMatch(
      /^problem: there is no squeue on the PATH of login — /,
    );
    const lost = said("", 1, "sinfo: fatal: Could not establish a configuration source");
    expect(line(await commands(cluster({ ...version("slurm 23.02.1"), sinfo: lost })))).toMatch(
      /^problem: .*configuration source — name the cluster's slurm.conf/,
    );
  });

  test("the controller answers, or says why it does not", async () => {
    expect(line(await controller(cluster({ squeue: said("1\n2\n") })))).toBe(
      "ok: slurmctld answers; this account has 2 jobs",
    );
    const ping = said("Slurmctld(primary) at a is UP\nSlurmctld(backup1) at b is DOWN\n");
    expect((await controller(cluster({ scontrol: ping }))).finding).toContain("backup1 is down");
    const away = said("", 1, "slurm_load_jobs error: Unable to contact slurm controller (connect failure)");
    expect(line(await controller(cluster({ squeue: away })))).toMatch(/^problem: .*whether slurmctld runs/);
    const munge = said("", 1, "error: Munge encode failed: Invalid credential");
    expect((await controller(cluster({ squeue: munge }))).mend).toContain("munged");
    expect((await controller(cluster({ squeue: silent("no answer after 20 s") }))).level).toBe("problem");
  });
});
