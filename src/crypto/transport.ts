// Transport keys: under which names and values travel to one client, and nothing lies in the database.
// Each is derived from one root and from whose it is, so that it is the same as long as its holder is
// there, and a stranger's tells nothing of it.
import { hkdfSync, type KeyObject } from "node:crypto";
import type { TransportHolder, TransportKey } from "../core/access-tokens/transport.ts";
import { canonical } from "./aad.ts";
import { encStringKeyBytes, openEncString, sealEncString } from "./encstring.ts";

export const transportKeyFormat = "coffer/transport-key/1";

export function transportBytes(root: KeyObject, installationId: string, holder: TransportHolder): Buffer {
  const { organizationId, kind, id } = holder;
  const info = canonical([transportKeyFormat, installationId, organizationId, kind, id]);
  return Buffer.from(hkdfSync("sha256", root, new Uint8Array(0), info, encStringKeyBytes));
}

export function transportKey(bytes: Uint8Array): TransportKey {
  return {
    seal: (text) => sealEncString(bytes, text),
    open: (sealed) => openEncString(bytes, sealed),
  };
}
