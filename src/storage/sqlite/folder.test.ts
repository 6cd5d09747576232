import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { lockFolder, networkFileSystems, refuseNetworkFileSystem } from "./folder.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coffer-lock-"));
  folders.push(folder);
  return folder;
}

test("a folder is held by one at a time, and free again after its release", () => {
  const folder = freshFolder();
  const first = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(`Another server is running on the data folder ${folder}.`);
  first.release();
  first.release();
  lockFolder(folder).release();
});

test("a folder that is not there is made for its owner alone", () => {
  const folder = join(freshFolder(), "deep", "data");
  lockFolder(folder).release();
  expect(statSync(folder).mode & 0o077).toBe(0);
});

test.each([...networkFileSystems])("a file system of type %i is refused as %s", (type, name) => {
  expect(() => refuseNetworkFileSystem("/data", type)).toThrow(name);
  // The same 32 bits, as a platform with signed numbers reports them.
  expect(() => refuseNetworkFileSystem("/data", type | 0)).toThrow(name);
});

test.each([
  ["ext4", 0xef53],
  ["xfs", 0x58465342],
  ["btrfs", 0x9123683e],
  ["tmpfs", 0x01021994],
  ["overlay", 0x794c7630],
  ["zfs", 0x2fc12fc1],
])("%s is taken", (_, type) => {
  expect(() => refuseNetworkFileSystem("/data", type)).not.toThrow();
});
