// A process that writes until it is killed: `node engine-child.ts FOLDER`. It says what was
// acknowledged, one id a line.
import { join } from "node:path";
import { openSqlite } from "../../src/storage/sqlite/open.ts";
import { put, record } from "./engine-bodies.ts";

const folder = process.argv[2] ?? "";
const bodies = new URL("./engine-bodies.ts", import.meta.url);
const database = await openSqlite({ file: join(folder, "coffer.db"), bodies });
for (let round = 0; ; round += 1) {
  const ids = Array.from({ length: 8 }, (_, index) => `${round}-${index}`);
  await Promise.all(
    ids.map(async (id, index) => {
      await (index % 2 === 0 ? database.execute(put, { id }) : database.share(record, { id }));
      process.stdout.write(`${id}\n`);
    }),
  );
}
