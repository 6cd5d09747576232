// A way to a PostgreSQL server that can fall silent: what is sent goes nowhere, and no end of it is told,
// as with a firewall that has forgotten a connection.
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { join } from "node:path";

export interface SilentWay {
  readonly url: string;
  /** From the first packet on that holds these words; null: new connections get through again. */
  silentAfter(words: string | null): void;
  close(): void;
}

export async function silentWay(url: string): Promise<SilentWay> {
  const folder = new URL(url).searchParams.get("host") ?? "";
  let words: string | null = null;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(join(folder, ".s.PGSQL.5432"));
    let silent = false;
    near.on("data", (bytes) => {
      silent ||= words !== null && bytes.includes(words);
      if (!silent) far.write(bytes);
    });
    far.on("data", (bytes) => silent || near.write(bytes));
    far.on("close", () => silent || near.destroy());
    near.on("close", () => far.destroy());
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const through = new URL(url);
  through.search = "";
  through.host = `127.0.0.1:${port}`;
  return {
    url: through.href,
    silentAfter(given) {
      words = given;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
