import { expect, test } from "vitest";
import { limits } from "./limits.ts";
import { waitingRoom } from "./waiting-room.ts";

const long = 60_000;

test("a ring between entering and listening is heard, and one for another organization is not", async () => {
  const room = waitingRoom();
  const bell = room.enter("a");
  room.ring("b");
  const silent = bell.heard(20).then(() => "in time");
  expect(await silent).toBe("in time");
  room.ring("a");
  await bell.heard(long);
  bell.leave();
});

test("all who wait are woken, each once", async () => {
  const room = waitingRoom();
  const bells = [room.enter("a"), room.enter("a")];
  const heard = Promise.all(bells.map((bell) => bell.heard(long)));
  room.ring("a");
  await heard;
  for (const bell of bells) bell.leave();
});

test("closing lets all go, also those who come later", async () => {
  const room = waitingRoom();
  const waiting = room.enter("a").heard(long);
  room.close();
  await waiting;
  await room.enter("a").heard(long);
  expect(room.closed).toBe(true);
});

test("the room has bounds, and leaving makes room", () => {
  const room = waitingRoom();
  const bells = Array.from({ length: limits.feedWaitersMax }, (_, index) => room.enter(String(index % 7)));
  expect(() => room.enter("a")).toThrow("Too many readers wait");
  bells[0]?.leave();
  bells[0]?.leave(); // twice counts once
  room.enter("a");
  expect(() => room.enter("a")).toThrow("Too many readers wait");
});
