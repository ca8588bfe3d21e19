// Where connections may go, and on whose word.
//
//   whose word             what                                    who connects     rule
//   administrators         --database, --advertise, --host         the service      anything; a flag or a config file says it
//   administrators         --feeds: prices and the like            the service      anything; redirects are not followed
//   administrators         rest.url of a fleet's slurm block       the service      anything; redirects are not followed
//   whoever runs `bace`    --server, BACE_SERVER                   the CLI          anything; redirects are not followed
//   whoever runs a probe   the other machine of `profile links`    that probe       anything; it is run by hand, on both
//   whoever runs `check`   --advertise; hosts of fleet files       the CLI, hosts   anything; it is run by hand
//   job and fleet files    paths of data, checkpoints, profiles    nobody           names of files: no URL is ever fetched
//   tokens, inputs, keys   texts and figures                       nobody           kept as they are
//   ranks                  host, port and store port (rendezvous)  the other ranks  this file: checked literals alone
//
// A rank's name for itself is not believed: what a name leads to may change after it was looked up, and the short, octal
// and hexadecimal forms of addresses mean different things to different programs. The worker sends what its socket is
// bound to, which is a plain literal.
import { BlockList, isIP } from "node:net";

type Kind =
  | "private"
  | "unspecified"
  | "loopback"
  | "link-local"
  | "metadata"
  | "multicast"
  | "reserved"
  | "disguised";

interface Row {
  readonly kind: Kind;
  readonly ranges: readonly string[];
  /** Whether a rank may say that it is there; `here`: where the control plane itself is reached over loopback. */
  readonly ranks: "yes" | "here" | "no";
}

/** The first row that has an address counts; what is in none is a public address, where a rank may be. */
const ROWS: readonly Row[] = [
  { kind: "unspecified", ranks: "no", ranges: ["0.0.0.0/8", "::/128"] },
  { kind: "loopback", ranks: "here", ranges: ["127.0.0.0/8", "::1/128"] },
  // Where clouds hand out a machine's credentials, other than at 169.254.169.254: Alibaba, Azure, Oracle; AWS, Google.
  {
    ...{ kind: "metadata", ranks: "no" },
    ranges: [
      "100.100.100.200/32",
      "168.63.129.16/32",
      "192.0.0.192/32",
      "fd00:ec2::254/128",
      "fd20:ce::254/128",
    ],
  },
  { kind: "link-local", ranks: "no", ranges: ["169.254.0.0/16", "fe80::/10"] },
  { kind: "multicast", ranks: "no", ranges: ["224.0.0.0/4", "ff00::/8"] },
  { kind: "reserved", ranks: "no", ranges: ["240.0.0.0/4"] },
  // Addresses with another one in them: IPv4-compatible, NAT64, Teredo, 6to4. IPv4-mapped ones are taken for what they map.
  {
    ...{ kind: "disguised", ranks: "no" },
    ranges: ["::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"],
  },
  {
    ...{ kind: "private", ranks: "yes" },
    ranges: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"],
  },
];

const LISTS = ROWS.map(({ ranges }) => {
  const list = new BlockList();
  for (const range of ranges) {
    const [network, bits] = range.split("/") as [string, string];
    list.addSubnet(network, Number(bits), familyOf(network));
  }
  return list;
});

/** Ports below this are of services of the machine; a rank's are handed out by the system. */
const LEAST_PORT = 1024;

export type AddressKind = Kind | "public" | "no-literal";

/** Of a host as it is written: no name is looked up. */
export function addressKind(host: string): AddressKind {
  if (isIP(host) === 0) return "no-literal";
  if (host.includes("%")) return "link-local"; // it says on which link
  const family = familyOf(host);
  return ROWS[LISTS.findIndex((list) => list.check(host, family))]?.kind ?? "public";
}

export interface RankAtRendezvous {
  readonly host: string;
  readonly port: number;
  readonly storePort: number | null;
}

/**
 * Why the other ranks are not told to connect to an address that a rank says is its own; undefined where they are.
 * @param controlUrl by which ranks reach the control plane
 */
export function refusedRank(
  { host, port, storePort }: RankAtRendezvous,
  controlUrl: string,
): string | undefined {
  const kind = addressKind(host);
  if (kind === "no-literal")
    return `host: ${host} is no IP address: send the address that the rank listens on, not a name`;
  const allowed = ROWS.find((row) => row.kind === kind)?.ranks ?? "yes";
  if (allowed === "no") return `host: ${host} is a ${kind} address: other ranks do not connect there`;
  const control = new URL(controlUrl);
  const controlHost = hostOf(controlUrl);
  if (allowed === "here" && !isHere(controlHost))
    return `host: ${host} is a loopback address, and the control plane is at ${controlHost}: send one by which other machines reach the rank`;
  const controlPort = Number(control.port || (control.protocol === "https:" ? 443 : 80));
  for (const each of storePort === null ? [port] : [port, storePort]) {
    if (each < LEAST_PORT) return `port: ${each} is below ${LEAST_PORT}: no rank listens there`;
    if (each === controlPort && (host === controlHost || kind === "loopback"))
      return `port: ${host}:${each} is the control plane's own address`;
  }
  return undefined;
}

/** Of a URL, without the brackets of IPv6. Numbers in any notation have become plain IPv4 addresses in there. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}

/** A service that listens everywhere and is not reached by another name is reached on its own machine alone. */
function isHere(controlHost: string): boolean {
  if (controlHost === "localhost" || controlHost.endsWith(".localhost")) return true;
  return ["loopback", "unspecified"].includes(addressKind(controlHost));
}

function familyOf(literal: string): "ipv4" | "ipv6" {
  return isIP(literal) === 6 ? "ipv6" : "ipv4";
}
