// Loaded before a client into its process: what it looks up or connects to beyond this machine goes into a
// file, and not out. So the clients are shown to speak with the server that they were given, and nobody else.
import dns from "node:dns";
import { appendFileSync } from "node:fs";
import net from "node:net";

const { STRAYED_FILE: file } = process.env;
const here = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

function demandHere(host: string): void {
  if (here.test(host)) return;
  if (file !== undefined) appendFileSync(file, `${host}\n`);
  throw new Error(`${host} is not this machine`);
}

const { lookup } = dns;
dns.lookup = Object.assign((host: string, ...rest: never[]) => {
  demandHere(host);
  return Reflect.apply(lookup, dns, [host, ...rest]);
}, lookup) as typeof dns.lookup; // the same signatures, passed through
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (this: net.Socket, ...given: unknown[]) {
  const [first] = given.flat();
  if (typeof first === "object" && first !== null && "host" in first && typeof first.host === "string") {
    demandHere(first.host);
  }
  return Reflect.apply(connect, this, given);
} as typeof connect; // the same signatures, passed through
