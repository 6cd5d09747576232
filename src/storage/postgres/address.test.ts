import { expect, test } from "vitest";
import { AddressError, endpointsOf } from "./address.ts";

const namesOf = (text: string) => endpointsOf(text).map(({ name }) => name);
const urlsOf = (text: string) => endpointsOf(text).map(({ url }) => url);

test("one host stays as it was written", () => {
  for (const text of [
    "postgres://coffer:p%40ss@db.example.org/coffer",
    "postgresql://coffer@db:5433/coffer?sslmode=require",
    "postgresql://coffer@localhost/coffer?host=%2Frun%2Fpostgresql",
    "postgres:///coffer",
  ]) {
    expect(urlsOf(text)).toEqual([text]);
  }
});

test("several hosts become a URL each, with user, database and settings", () => {
  expect(urlsOf("postgres://u:p%40s@a:1,b,[::1]:3/coffer?sslmode=require")).toEqual([
    "postgres://u:p%40s@localhost/coffer?sslmode=require&host=a&port=1",
    "postgres://u:p%40s@localhost/coffer?sslmode=require&host=b&port=5432",
    "postgres://u:p%40s@localhost/coffer?sslmode=require&host=%3A%3A1&port=3",
  ]);
  expect(namesOf("postgres://u:p@a:1,b/c")).toEqual(["a:1", "b:5432"]);
});

test("hosts may be listed as parameters, with one port or one each", () => {
  expect(namesOf("postgres://u@localhost/c?host=/tmp/a,/tmp/b&port=1,2")).toEqual(["/tmp/a:1", "/tmp/b:2"]);
  expect(namesOf("postgres://u@localhost/c?host=a,b&port=7")).toEqual(["a:7", "b:7"]);
  expect(namesOf("postgres://u@a,b/c?port=7")).toEqual(["a:7", "b:7"]);
  expect(() => endpointsOf("postgres://u@localhost/c?host=a,b,c&port=1,2")).toThrow(AddressError);
});

test("only a server that takes writes can be asked for", () => {
  expect(urlsOf("postgres://u@a/c?target_session_attrs=read-write")).toEqual(["postgres://u@a/c"]);
  expect(urlsOf("postgres://u@a/c?target_session_attrs=primary&sslmode=require")).toEqual([
    "postgres://u@a/c?sslmode=require",
  ]);
  expect(urlsOf("postgres://u@a,b/c?target_session_attrs=read-write")).toHaveLength(2);
  expect(() => endpointsOf("postgres://u@a,b/c?target_session_attrs=standby")).toThrow(/read-write/);
});

test("what cannot be read is refused without quoting it", () => {
  for (const text of [
    "postgres://u:hunter2@a:x,b/c",
    "postgres://u:hunter2@a:70000/c",
    "postgres://u:hunter2@a b:1,c/d#e",
    `postgres://u:hunter2@${Array.from({ length: 17 }, (_, i) => `h${i}`).join(",")}/c`,
  ]) {
    const thrown = (() => {
      try {
        return endpointsOf(text);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(AddressError);
    expect(String(thrown)).not.toContain("hunter2");
  }
});
