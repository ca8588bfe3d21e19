// Certificates of launches: real ones, the same for the same key, and accepted by nobody else.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { certificateOf } from "../src/certificate.ts";

describe("the certificate of a launch", () => {
  it("is signed by its own key, and the same whenever it is asked for", () => {
    const { certificate, privateKey } = certificateOf("a launch key");
    expect(certificateOf("a launch key")).toEqual({ certificate, privateKey });
    const parsed = new X509Certificate(certificate);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
    expect(parsed.subject).toBe("CN=bace-pipe launch");
  });

  it("differs from launch to launch", () => {
    const made = Array.from({ length: 200 }, (_, i) => certificateOf(`launch ${i}`));
    expect(new Set(made.map(({ certificate }) => new X509Certificate(certificate).serialNumber)).size).toBe(
      200,
    );
    expect(new Set(made.map(({ privateKey }) => privateKey)).size).toBe(200);
  });

  it("lets ranks of one launch talk, and refuses those of another", async () => {
    const [own, other] = [certificateOf("own"), certificateOf("other")];
    const both = ({ certificate: cert, privateKey: key }: typeof own) => ({ cert, key, ca: cert });
    const server = createServer({ ...both(own), requestCert: true, minVersion: "TLSv1.3" }, (socket) =>
      socket.end("in"),
    );
    server.on("tlsClientError", () => {});
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const greet = (options: object) =>
      new Promise<string>((resolve) => {
        const socket: TLSSocket = connect({
          port,
          host: "127.0.0.1",
          checkServerIdentity: () => undefined,
          ...options,
        });
        socket.on("data", (text) => resolve(String(text)));
        socket.on("error", () => resolve("refused"));
      });
    expect(await greet(both(own))).toBe("in");
    expect(await greet(both(other))).toBe("refused");
    expect(await greet({ ca: own.certificate })).toBe("refused");
    server.close();
  });
});
