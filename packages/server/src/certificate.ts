// The certificate of one launch, by which its ranks know each other: a function of the launch key, so that every region
// is told the same one, also by a service that was restarted in between, and nothing has to be kept.
// Ed25519 (RFC 8410) has keys of any 32 bytes and signatures without randomness, which makes this possible; libraries
// draw keys, serial numbers and dates themselves. Self-signed, X.509 version 1 (RFC 5280), valid for ever: a launch's
// ranks accept this one alone, and it ends with them.
import { createPrivateKey, createPublicKey, hkdfSync, sign } from "node:crypto";

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/** PKCS #8 of an Ed25519 key (RFC 8410, section 7), up to the 32 bytes of the key itself. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const ED25519 = der(SEQUENCE, der(OBJECT_ID, Buffer.from("2b6570", "hex")));
const COMMON_NAME = der(OBJECT_ID, Buffer.from("550403", "hex"));

/** Certificate and private key of a launch, PEM. */
export function certificateOf(launchKey: string): { certificate: string; privateKey: string } {
  const seed = Buffer.from(hkdfSync("sha256", launchKey, "", "bace-pipe launch certificate", 32));
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });
  const serial = Buffer.from(hkdfSync("sha256", launchKey, "", "bace-pipe certificate serial", 16));
  serial[0] = (serial[0]! & 0x3f) | 0x40; // positive, and of full length
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from("bace-pipe launch")))),
  );
  const validity = der(
    SEQUENCE,
    der(UTC_TIME, Buffer.from("700101000000Z")),
    der(GENERALIZED_TIME, Buffer.from("99991231235959Z")), // "no well-defined expiration", RFC 5280 section 4.1.2.5
  );
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  const content = der(SEQUENCE, der(INTEGER, serial), ED25519, name, validity, name, publicKey);
  const signature = der(BIT_STRING, Buffer.from([0]), sign(null, content, key));
  return {
    certificate: pem("CERTIFICATE", der(SEQUENCE, content, ED25519, signature)),
    privateKey: key.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

/** Tag, length, content (X.690). */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString("base64").replace(/(.{64})/g, "$1\n");
  return `-----BEGIN ${label}-----\n${lines.trimEnd()}\n-----END ${label}-----\n`;
}
